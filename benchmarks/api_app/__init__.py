"""The same list in four ways: the studio's own, django-modern-rest's, Django REST framework's and
django-ninja's.
"""
