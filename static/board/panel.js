/* The scene beside the board: takes and comments. What is half typed there stays when it is
   made anew. */

import { $, asker, panelBody, point, state } from "./base.js";
import { rewipe, wiped } from "./wipe.js";

let panelOpener = null;
let asked = null;

/* Tells when the panel shows the scene; null where there is no panel, as on a scene's own page. */
export function openPanel(url, link) {
	const panel = $("bd-panel");
	if (!panel) return null;
	if (!panel.open) panelOpener = link;
	/* The scene that was asked for last is shown, however the answers come in. */
	if (asked) htmx.trigger(asked, "htmx:abort");
	const own = asker();
	asked = own;
	return htmx
		.ajax("GET", url, { source: own, target: panel, swap: "innerHTML" })
		.catch(() => {}) // said by interrupted.js
		.then(() => {
			own.remove();
			if (asked !== own || !panelBody()) return;
			if (!panel.open) panel.showModal();
			const anchor = new URL(url, location).hash;
			if (anchor) panel.querySelector(anchor)?.scrollIntoView();
			else panel.scrollTop = 0;
		});
}

document.addEventListener("click", (event) => {
	const link = event.target.closest?.("a[data-panel], a[data-panel-go]");
	if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
	if (openPanel(link.href, link)) event.preventDefault();
});
document.addEventListener("click", (event) => {
	if (event.target.id === "bd-panel") event.target.close();
});
document.addEventListener(
	"close",
	(event) => {
		if (event.target.id !== "bd-panel") return;
		const card = panelBody()?.dataset.scene;
		event.target.replaceChildren();
		const back = document.contains(panelOpener)
			? panelOpener
			: document.querySelector(`#scene-${card} .bd-open`);
		back?.focus();
		point($(`scene-${card}`));
	},
	true,
);
document.addEventListener("keydown", (event) => {
	if (!$("bd-panel")?.open || event.target.matches?.("input, textarea, select, video")) return;
	const name = { ArrowLeft: "before", ArrowRight: "after" }[event.key];
	const link = name && panelBody()?.querySelector(`[data-panel-go="${name}"]`);
	if (link) link.click();
});

/* What is half typed in the panel stays when the panel is made anew. */
function keepTyped(body, sent) {
	const kept = [];
	for (const field of body.querySelectorAll(
		"textarea, input:not([type=hidden], [type=range], [type=file], [type=checkbox])",
	)) {
		if (sent?.contains(field) || field.value === field.defaultValue) continue;
		const form = field.closest("form");
		kept.push([
			form.getAttribute("action"),
			field.name,
			field.value,
			field === document.activeElement,
			field.closest("details")?.open,
		]);
	}
	return kept;
}

function putTyped(body, kept) {
	for (const [action, name, value, focus, open] of kept) {
		const field = body.querySelector(`form[action="${action}"] [name="${name}"]`);
		if (!field) continue;
		field.value = value;
		if (open) field.closest("details").open = true;
		if (focus) field.focus();
	}
}

document.addEventListener("htmx:beforeRequest", (event) => {
	state.sentForm = event.detail.elt?.closest?.("#bd-panel-body form") ?? null;
});
let typed = null;
document.addEventListener("htmx:oobBeforeSwap", (event) => {
	if (event.detail.target?.id === "bd-panel-body")
		typed = [
			keepTyped(event.detail.target, state.sentForm),
			$("bd-panel")?.scrollTop,
			wiped(),
			[...event.detail.target.querySelectorAll(".bd-toast")],
		];
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
	if (event.detail.target?.id !== "bd-panel-body" || !typed) return;
	putTyped(panelBody(), typed[0]);
	if ($("bd-panel")) $("bd-panel").scrollTop = typed[1];
	rewipe(typed[2]);
	panelBody()
		.querySelector(".bd-toasts")
		?.replaceChildren(...typed[3]); // what was just said stays said
	typed = null;
	/* After the focus has gone to what stands in the place of what had it. */
	queueMicrotask(() => {
		if (!document.activeElement || document.activeElement === document.body)
			panelBody()?.querySelector("[data-close]")?.focus();
	});
});

export function refreshPanel() {
	const body = panelBody();
	if (!body) return;
	const url = body.dataset.url;
	htmx.ajax("GET", url, {
		source: $("bd-panel") ?? body,
		swap: "none",
		values: { again: "1" },
	});
}
