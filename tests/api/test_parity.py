"""What a page can do, a program can do, and the other way round.

Every address outside the API is listed with the operations that do the same, or with the reason
why it is a page only. Addresses that take the name of an action are listed by each action.
"""

import re

import pytest
from django.urls import get_resolver

from providers.admin.configs import TITLES
from stories.api.routes import api
from stories.web.actions import WORDS
from stories.web.bulk_actions import MANY
from stories.web.scenes import ACTS, STEPS

# Reasons why a page has no operation.
SHOWS_ONLY = "shows in one view what several operations answer"
FORM_ONLY = "a dialog or part of the page; what it starts is listed by itself"
UNDO = "undoes the last step of the page; a program calls the opposite operation"
BROWSER = "belongs to the browser: sessions, language, search, passkeys, the second factor"
GUEST = "for guests without an account, behind a link"
FILE = "a file; the answers of the API have signed links to it"
KEYS = "a program never gives keys to programs; a person does, with a second factor"
STANDARD = "a standard address of Django's admin that leads elsewhere or refuses"
VIEWS = "a person's own views of the pages, kept for the pages"
PRESENCE = "says which people have the page open; a program has none open"
ROLES = "which rights a role has is decided by people in the browser"
CALLBACK = "a provider calls it"

PAGES: dict[str, str | tuple[str, ...]] = {
    # Stories
    "stories_story_changelist": ("list_stories",),
    "stories_story_add": ("create_story",),
    "stories_story_estimate": ("get_story",),
    "stories_story_propose": ("read_a_script",),
    "stories_story_here": PRESENCE,
    "stories_story_notes": VIEWS,
    "stories_view_save": VIEWS,
    "stories_view_remove": VIEWS,
    "stories_story_change": ("patch_story",),
    "stories_story_edit": ("patch_story",),
    "stories_story_history": ("list_transitions",),
    "stories_story_delete": STANDARD,
    "stories_story_live": FORM_ONLY,
    "stories_story_film": ("get_story", "list_films", "get_film"),
    "stories_story_jobs": ("list_jobs",),
    "stories_story_money": ("job_statistics",),
    "stories_story_assign": ("assign_story",),
    "stories_story_give_up": ("stop_production",),
    "stories_story_make": ("generate_preview", "render_final"),
    "stories_story_board": ("list_scenes",),
    # Sound
    "stories_story_sound": ("get_sound", "patch_sound"),
    "stories_story_music": ("make_sound",),
    "stories_story_lengths": ("list_scene_lengths", "set_scene_lengths"),
    "stories_story_boundaries": ("patch_scene",),
    "stories_story_cards": ("get_cards", "patch_cards"),
    "stories_story_logo": ("upload_logo", "remove_logo"),
    "stories_story_mixer": ("patch_sound", "remix_film"),
    "stories_story_mixer_prepare": ("make_stems", "list_stems"),
    "stories_story_pronunciations": ("list_pronunciations", "write_pronunciations"),
    "stories_story_voice": ("choose_voice",),
    "stories_story_voices": ("list_voices",),
    "stories_story_voice_sample": ("list_voices",),
    "board_lines": ("list_lines", "write_lines"),
    "board_speak": ("make_sound",),
    "board_effect_add": ("create_effect",),
    "board_effect_change": ("patch_effect",),
    "board_effect_make": ("make_sound",),
    "board_effect_remove": ("delete_effect",),
    "board_scene_sound": ("get_scene_sound", "patch_scene_sound"),
    "board_scene_music": ("make_sound",),
    "board_sound_upload": ("upload_sound",),
    "board_sound_choose": ("choose_sound",),
    "board_sound_review": ("judge_sound",),
    "board_sound_leave": ("deselect_sound",),
    "board_sound_keep": ("keep_music",),
    # Cast
    "stories_story_cast": ("list_cast",),
    "stories_story_cast_add": ("add_member",),
    "library": ("list_library",),
    "stories_story_cast_use": ("list_library", "use_library"),
    "stories_story_member": ("get_member", "list_sheets"),
    "stories_story_member_newer": ("show_newer", "take_newer"),
    "stories_story_member_do": (
        *("patch_member", "remove_member", "restore_member", "publish_member", "add_look"),
    ),
    "stories_story_look_do": ("patch_look", "remove_look", "make_sheet", "upload_sheet"),
    "stories_story_sheet_do": ("choose_sheet", "judge_sheet", "deselect_sheet"),
    "board_cast": ("get_scene_cast", "set_scene_cast"),
    # The board
    "board_cards": FORM_ONLY,
    "board_live": FORM_ONLY,
    "board_timeline": ("list_scenes", "list_takes"),
    "board_order": ("reorder_scene",),
    "board_english": ("put_story_into_english",),
    "board_check_takes": ("check_takes",),
    "board_retry": FORM_ONLY,
    "board_plan": ("generate_preview", "render_final"),
    "board_insert": ("create_scene",),
    "board_scene": ("get_scene", "list_takes", "get_take"),
    "board_assign": ("assign_scene",),
    "board_edit": ("patch_scene",),
    "board_split": ("split_scene",),
    "board_upload": ("upload_take",),
    "board_generate": ("generate_take",),
    "board_controls": ("patch_scene",),
    "board_choose": ("choose_take",),
    "board_crop": ("crop_take",),
    "board_edit_take": ("edit_take", "list_edits"),
    "board_judge": ("judge_take",),
    # Review
    "stories_story_review": ("list_comments", "list_review_links", "list_film_verdicts"),
    "board_comment": ("comment_scene",),
    "board_film_comment": ("comment_film",),
    "board_comments_now": ("list_comments",),
    "board_answer": ("reply_comment",),
    "board_settle": ("patch_comment",),
    "board_settle_several": ("patch_comment",),
    "board_show_comment": ("patch_comment",),
    "board_retake": ("retake_comment",),
    "board_light": ("make_light_film",),
    "board_verdict": ("record_film_verdict",),
    "board_share": ("create_review_link",),
    "board_withdraw": ("revoke_review_link",),
    "review": GUEST,
    "review_film": GUEST,
    "review_subtitles": GUEST,
    # Approvals
    "stories_approval_changelist": ("list_approvals",),
    "stories_approval_change": ("get_approval",),
    "stories_approval_do": ("decide_approval", "withdraw_approval"),
    "stories_approval_add": STANDARD,
    "stories_approval_history": STANDARD,
    "stories_approval_delete": STANDARD,
    # Jobs
    "jobs_job_changelist": ("list_jobs", "job_statistics"),
    "jobs_job_change": ("get_job",),
    "jobs_queue_do": ("get_queue", "pause_queue", "resume_queue"),
    "jobs_job_add": STANDARD,
    "jobs_job_history": STANDARD,
    "jobs_job_delete": STANDARD,
    # Projects
    "stories_project_changelist": ("list_projects",),
    "stories_project_add": ("create_project",),
    "stories_project_change": (
        *("get_project", "patch_project", "set_project_member", "remove_project_member"),
    ),
    "stories_project_history": ("list_audit_entries",),
    "stories_project_delete": STANDARD,
    # Money
    "costs": ("get_costs",),
    "costs_export": ("list_calls", "get_costs"),
    "providers_bill_changelist": ("list_bills",),
    "providers_bill_add": ("import_bill",),
    "providers_bill_usage": ("ask_provider_usage",),
    "providers_bill_change": ("get_bill",),
    "providers_bill_export": ("get_bill",),
    "providers_bill_remove": ("remove_bill",),
    "providers_bill_history": STANDARD,
    "providers_bill_delete": STANDARD,
    "providers_providercall_changelist": ("list_calls",),
    "providers_providercall_change": ("get_call",),
    "providers_call_resolve": ("resolve_call",),
    "providers_calls_resolve": ("resolve_call",),
    "providers_providercall_add": STANDARD,
    "providers_providercall_history": STANDARD,
    "providers_providercall_delete": STANDARD,
    "providers_organizationbudget_changelist": ("get_budget",),
    "providers_organizationbudget_add": STANDARD,
    "providers_organizationbudget_change": ("patch_budget",),
    "providers_organizationbudget_history": STANDARD,
    "providers_organizationbudget_delete": STANDARD,
    # Providers
    "providers_aiproviderconfig_changelist": ("list_providers",),
    "providers_aiproviderconfig_add": ("list_provider_kinds", "add_provider"),
    "providers_aiproviderconfig_change": (
        *("get_provider", "patch_provider", "get_provider_use", "list_provider_models"),
        *("get_provider_model", "add_provider_model", "patch_provider_model"),
        "remove_provider_model",
    ),
    "providers_aiproviderconfig_history": ("list_audit_entries",),
    "providers_aiproviderconfig_delete": STANDARD,
    "providers_workflow": ("add_workflow",),
    "providers_catalogue": ("compare_catalogue", "accept_catalogue"),
    "providers_test_run": ("test_provider_model",),
    # People
    "auth_user_changelist": ("list_people",),
    "auth_user_add": ("create_invitation",),
    "auth_user_change": ("get_person", "patch_person"),
    "auth_user_history": ("list_audit_entries",),
    "auth_user_delete": BROWSER,
    "auth_user_password_change": BROWSER,
    "auth_group_changelist": ROLES,
    "auth_group_add": ROLES,
    "auth_group_change": ROLES,
    "auth_group_history": ROLES,
    "auth_group_delete": ROLES,
    "invitations": ("list_invitations", "create_invitation", "withdraw_invitation"),
    "invited": GUEST,
    "person_sessions": ("list_log_ins", "end_log_in"),
    "log_in_unlock": ("unlock_person",),
    "second_factor_reset": BROWSER,
    "audit": ("list_audit_entries",),
    "webhooks": ("list_webhooks", "create_webhook"),
    "webhook": (
        "get_webhook",
        "patch_webhook",
        "delete_webhook",
        "test_webhook",
        "rotate_webhook_secret",
        "list_webhook_deliveries",
    ),
    "notifications": ("list_notifications", "read_notifications"),
    "notification_choices": ("get_notification_choices", "choose_notifications"),
    "sessions": ("list_my_log_ins", "end_my_log_in"),
    "service_accounts": KEYS,
    "service_account": KEYS,
    "api_key_rotate": KEYS,
    "api_key_revoke": KEYS,
    # Pages that only show, and the log-in
    "home": SHOWS_ONLY,
    "index": SHOWS_ONLY,
    "now": SHOWS_ONLY,
    "monitoring": SHOWS_ONLY,
    "app_list": SHOWS_ONLY,
    "autocomplete": BROWSER,
    "jsi18n": BROWSER,
    "view_on_site": BROWSER,
    "language": BROWSER,
    "search": BROWSER,
    "login": ("log_in_for_token",),
    "logout": ("revoke_token",),
    "account_login": BROWSER,
    "account_reauthenticate": BROWSER,
    "account_reset_password": BROWSER,
    "account_reset_password_done": BROWSER,
    "account_reset_password_from_key": BROWSER,
    "password_change": BROWSER,
    "password_change_done": BROWSER,
    "second_factor": BROWSER,
    "openid_connect_login": BROWSER,
    "openid_connect_callback": BROWSER,
    # Files, and what machines ask for
    "media": FILE,
    "subtitles": FILE,
    "take_file": FILE,
    "take_thumb": FILE,
    "sound_file": FILE,
    "sound_stem": FILE,
    "card_picture": FILE,
    "sheet_file": FILE,
    "sheet_thumb": FILE,
    "library_thumb": FILE,
    "film_file": ("fetch_film",),
    "film_poster": FILE,
    "providers_call_file": FILE,
    "film_subtitles": FILE,
    "replicate_hook": CALLBACK,
}
ACTIONS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "stories_story_do": {
        "start_planning": ("transition_story",),
        "stop_planning": ("transition_story",),
        "generate_preview": ("generate_preview",),
        "render_final": ("render_final",),
        "retry": ("transition_story",),
        "archive": ("transition_story",),
        "restore": ("transition_story",),
    },
    "board_act": {
        "duplicate": ("duplicate_scene",),
        "split": ("split_scene",),
        "merge": ("merge_scene",),
        "unmerge": ("unmerge_scene",),
        "unsplit": UNDO,
        "delete": ("delete_scene",),
        "restore": ("restore_scene",),
        **dict.fromkeys(("first", "earlier", "later", "last"), ("reorder_scene",)),
    },
    "jobs_job_do": {
        "retry": ("retry_job", "bulk_jobs"),
        "cancel": ("cancel_job", "bulk_jobs"),
        "priority": ("set_job_priority",),
    },
    "providers_do": {
        "pause": ("pause_provider",),
        "resume": ("resume_provider",),
        "check": ("test_provider",),
        "balance": ("ask_provider_balance",),
        **dict.fromkeys(("archive", "restore"), ("patch_provider",)),
    },
    "board_many": {
        "delete": ("delete_scene",),
        "restore": ("restore_scene",),
        "approve": ("judge_take", "bulk_review_takes"),
        "unjudge": ("judge_take",),
        "set": ("patch_scene",),
        "set_back": UNDO,
    },
}
# Operations that no page has, with the reason.
PROGRAMS_ONLY = {
    "refresh_token": "browsers have sessions",
    "get_me": "pages show it in their head",
    "get_comment": "pages show whole threads",
    "bulk_create_scenes": "people write one scene after another, or plan a script",
    "list_sounds": "pages show them beside their lines",
    "get_sound_take": "pages show them beside their lines",
    "list_effects": "pages show them at their scenes and at the film",
    "get_effect": "pages show them at their scenes and at the film",
}


def addresses(resolver=None, prefix=""):
    """Each address outside the API with its name. Redirects of the admin have none."""
    for found in (resolver or get_resolver()).url_patterns:
        address = prefix + str(found.pattern)
        if address.startswith("api/"):
            continue
        if hasattr(found, "url_patterns"):
            yield from addresses(found, address)
        elif found.name and not re.match(r"(mfa_|(health|ready|live|metrics|favicon))", found.name):
            yield found.name


def named_operations():
    for found in (*PAGES.values(), *(one for acts in ACTIONS.values() for one in acts.values())):
        if not isinstance(found, str):
            yield from found


def test_every_address_is_listed_and_no_other():
    assert set(addresses()) == PAGES.keys() | ACTIONS.keys()


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("stories_story_do", WORDS),
        ("board_act", [*ACTS, *STEPS]),
        ("board_many", MANY),
        ("providers_do", TITLES),
    ],
)
def test_every_action_of_an_address_is_listed(name, actions):
    assert ACTIONS[name].keys() == set(actions)


def test_every_operation_that_is_listed_exists():
    operations = {route.operation for route in api.routes}
    assert set(named_operations()) - operations == set()
    assert PROGRAMS_ONLY.keys() - operations == set()


def test_every_operation_is_on_a_page_or_says_why_not():
    operations = {route.operation for route in api.routes}
    assert operations - set(named_operations()) == PROGRAMS_ONLY.keys()
