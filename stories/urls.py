"""URLs of a story's files and pages outside the admin."""

from django.urls import path

from . import views
from .web import guest_review

app_name = "stories"
urlpatterns = [
    path("files/takes/<uuid:take_id>/", views.take_file, name="take_file"),
    path(
        "files/takes/<uuid:take_id>/<slug:content>-<int:width>.webp",
        views.take_thumb,
        name="take_thumb",
    ),
    path("files/sounds/<uuid:take_id>/", views.sound_file, name="sound_file"),
    path(
        "files/cards/<uuid:story_id>/<slug:place>-<slug:mark>.webp",
        views.card_picture,
        name="card_picture",
    ),
    path("files/stems/<uuid:story_id>/<slug:track>/", views.sound_stem, name="sound_stem"),
    path("files/sheets/<uuid:take_id>/", views.sheet_file, name="sheet_file"),
    path(
        "files/sheets/<uuid:take_id>/<slug:content>-<int:width>.webp",
        views.sheet_thumb,
        name="sheet_thumb",
    ),
    path(
        "files/library/<uuid:look_id>/<slug:content>-<int:width>.webp",
        views.library_thumb,
        name="library_thumb",
    ),
    path("files/films/<uuid:film_id>/", views.film_file, name="film_file"),
    path(
        "files/films/<uuid:film_id>/<slug:content>-<int:width>.webp",
        views.film_poster,
        name="film_poster",
    ),
    path(
        "files/films/<uuid:film_id>/subtitles.<str:form>",
        views.film_subtitles,
        name="film_subtitles",
    ),
    path("review/<str:token>/", guest_review.page, name="review"),
    path("review/<str:token>/film.mp4", guest_review.film_file, name="review_film"),
    path("review/<str:token>/subtitles.vtt", guest_review.subtitles, name="review_subtitles"),
]
