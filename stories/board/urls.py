"""Where the board's pages and doors stand, below a story's page in the admin."""

from typing import Any

from django.urls import URLPattern, path


class BoardUrls:
    """A mixin for the story's ModelAdmin: adds the board at `<story id>/board/`."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        from . import english, film, making, many, notes, order, page, scenes, takes  # noqa: PLC0415  they use the frame of the admin that mixes this in

        wrap = self.admin_site.admin_view
        board = "<uuid:story_id>/board/"
        scene = f"{board}scenes/<uuid:scene_id>/"
        film_page = "<uuid:story_id>/review/"
        take = f"{board}takes/<uuid:take_id>/"
        own = [
            path(board, wrap(page.board), name="stories_story_board"),
            path(f"{board}cards/", wrap(page.cards), name="board_cards"),
            path(f"{board}live/", wrap(page.live), name="board_live"),
            path(f"{board}order/", wrap(order.reorder), name="board_order"),
            path(f"{board}many/", wrap(many.many), name="board_many"),
            path(f"{board}english/", wrap(english.english), name="board_english"),
            path(f"{board}make/failed/", wrap(making.retry), name="board_retry"),
            path(f"{board}make/<slug:kind>/<slug:mode>/", wrap(making.plan), name="board_plan"),
            path(f"{board}scenes/new/", wrap(scenes.insert), name="board_insert"),
            path(scene, wrap(takes.scene), name="board_scene"),
            path(f"{scene}edit/", wrap(scenes.edit), name="board_edit"),
            path(f"{scene}split/", wrap(scenes.split), name="board_split"),
            path(f"{scene}upload/", wrap(takes.upload), name="board_upload"),
            path(f"{scene}generate/<slug:kind>/", wrap(takes.generate), name="board_generate"),
            path(f"{scene}comments/", wrap(notes.on_scene), name="board_comment"),
            path(f"{scene}do/<slug:act>/", wrap(scenes.act), name="board_act"),
            path(f"{take}choose/", wrap(takes.choose), name="board_choose"),
            path(f"{take}crop/", wrap(takes.crop), name="board_crop"),
            path(f"{take}judge/", wrap(takes.judge), name="board_judge"),
            path(f"{board}comments/<uuid:comment_id>/settle/", wrap(notes.settle), name="board_settle"),
            path(f"{board}comments/<uuid:comment_id>/show/", wrap(notes.show), name="board_show_comment"),
            path(f"{film_page}<uuid:film_id>/comments/now/", wrap(film.comments_now), name="board_comments_now"),
            path(film_page, wrap(film.review), name="stories_story_review"),
            path(f"{film_page}<uuid:film_id>/comments/", wrap(notes.on_film), name="board_film_comment"),
            path(f"{film_page}links/", wrap(film.share), name="board_share"),
            path(f"{film_page}links/<uuid:link_id>/withdraw/", wrap(film.withdraw), name="board_withdraw"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]  # of the ModelAdmin beside it
