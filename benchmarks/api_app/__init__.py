"""The same list in three ways: the studio's own, Django REST framework's and django-ninja's."""
