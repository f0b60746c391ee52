"""URLs of the board's pages and actions, below a story's page in the admin."""

from typing import Any

from django.urls import URLPattern, path


class BoardUrls:
    """A mixin for the story's ModelAdmin that adds the board at `<story id>/board/`."""

    admin_site: Any

    def get_urls(self) -> list[URLPattern]:
        from . import (  # noqa: PLC0415  they use the layout of the admin that includes this mixin
            assign,
            board_page,
            bulk_actions,
            cast,
            check_takes,
            comments,
            controls,
            effects,
            english,
            film_review,
            generation_dialog,
            light_films,
            scene_order,
            scenes,
            sound,
            sound_takes,
            take_edits,
            takes,
            workbench,
        )

        wrap = self.admin_site.admin_view
        board = "<uuid:story_id>/board/"
        scene = f"{board}scenes/<uuid:scene_id>/"
        film_page = "<uuid:story_id>/review/"
        take = f"{board}takes/<uuid:take_id>/"
        sound_take = f"{board}sounds/<uuid:take_id>/"
        effect = f"{board}effects/<uuid:effect_id>/"
        own = [
            path(board, wrap(board_page.board), name="stories_story_board"),
            path(f"{board}cards/", wrap(board_page.cards), name="board_cards"),
            path(f"{board}live/", wrap(board_page.live), name="board_live"),
            path(f"{board}timeline/", wrap(workbench.timeline), name="board_timeline"),
            path(f"{board}order/", wrap(scene_order.reorder), name="board_order"),
            path(f"{board}many/", wrap(bulk_actions.many), name="board_many"),
            path(f"{board}checks/", wrap(check_takes.check_takes), name="board_check_takes"),
            path(f"{board}english/", wrap(english.english), name="board_english"),
            path(f"{board}make/failed/", wrap(generation_dialog.retry), name="board_retry"),
            path(
                f"{board}make/<slug:kind>/<slug:mode>/",
                wrap(generation_dialog.plan),
                name="board_plan",
            ),
            path(f"{board}scenes/new/", wrap(scenes.insert), name="board_insert"),
            path(scene, wrap(takes.scene), name="board_scene"),
            path(f"{scene}assign/", wrap(assign.assign), name="board_assign"),
            path(f"{scene}edit/", wrap(scenes.edit), name="board_edit"),
            path(f"{scene}split/", wrap(scenes.split), name="board_split"),
            path(f"{scene}upload/", wrap(takes.upload), name="board_upload"),
            path(f"{scene}generate/<slug:kind>/", wrap(takes.generate), name="board_generate"),
            path(f"{scene}cast/", wrap(cast.set_scene), name="board_cast"),
            path(f"{scene}controls/", wrap(controls.save), name="board_controls"),
            path(f"{scene}lines/", wrap(sound.lines), name="board_lines"),
            path(f"{scene}speak/", wrap(sound.speak), name="board_speak"),
            path(f"{scene}sound/", wrap(sound_takes.scene_sound), name="board_scene_sound"),
            path(f"{scene}music/", wrap(sound_takes.scene_music), name="board_scene_music"),
            path(f"{board}effects/", wrap(effects.add), name="board_effect_add"),
            path(f"{effect}change/", wrap(effects.change), name="board_effect_change"),
            path(f"{effect}make/", wrap(effects.make), name="board_effect_make"),
            path(f"{effect}remove/", wrap(effects.remove), name="board_effect_remove"),
            path(f"{board}sounds/", wrap(sound_takes.upload), name="board_sound_upload"),
            path(f"{sound_take}choose/", wrap(sound_takes.choose), name="board_sound_choose"),
            path(f"{sound_take}review/", wrap(sound_takes.review), name="board_sound_review"),
            path(f"{sound_take}keep/", wrap(sound_takes.keep), name="board_sound_keep"),
            path(f"{sound_take}leave/", wrap(sound_takes.leave_out), name="board_sound_leave"),
            path(f"{scene}comments/", wrap(comments.on_scene), name="board_comment"),
            path(f"{scene}do/<slug:act>/", wrap(scenes.act), name="board_act"),
            path(f"{take}choose/", wrap(takes.select_take), name="board_choose"),
            path(f"{take}edit/", wrap(take_edits.edit), name="board_edit_take"),
            path(f"{take}crop/", wrap(takes.crop), name="board_crop"),
            path(f"{take}judge/", wrap(takes.review_take), name="board_judge"),
            path(
                f"{film_page}<uuid:film_id>/comments/settle/",
                wrap(comments.settle_several),
                name="board_settle_several",
            ),
            path(
                f"{board}comments/<uuid:comment_id>/settle/",
                wrap(comments.settle),
                name="board_settle",
            ),
            path(
                f"{board}comments/<uuid:comment_id>/show/",
                wrap(comments.show),
                name="board_show_comment",
            ),
            path(
                f"{film_page}<uuid:film_id>/comments/now/",
                wrap(film_review.comments_now),
                name="board_comments_now",
            ),
            path(
                f"{board}comments/<uuid:comment_id>/answer/",
                wrap(comments.answer),
                name="board_answer",
            ),
            path(
                f"{board}comments/<uuid:comment_id>/retake/",
                wrap(comments.retake),
                name="board_retake",
            ),
            path(
                f"{film_page}<uuid:film_id>/verdict/",
                wrap(film_review.decide),
                name="board_verdict",
            ),
            path(
                f"{film_page}<uuid:film_id>/light/", wrap(light_films.prepare), name="board_light"
            ),
            path(film_page, wrap(film_review.review), name="stories_story_review"),
            path(
                f"{film_page}<uuid:film_id>/comments/",
                wrap(comments.on_film),
                name="board_film_comment",
            ),
            path(f"{film_page}links/", wrap(film_review.share), name="board_share"),
            path(
                f"{film_page}links/<uuid:link_id>/withdraw/",
                wrap(film_review.withdraw),
                name="board_withdraw",
            ),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]  # of the ModelAdmin that uses the mixin
