/* News from the server: one element, #bd-news, says what is new. Cards take it over without a
   focus or a half-typed text being lost. */

import { keepFocus, whenFree } from "../studio/presses.js";
import { $, cards, list, number, panelBody, point, root, state, words } from "./base.js";
import {
	bringBackInto,
	broughtBack,
	fieldsOf,
	isDirty,
	keepUnsaved,
	mergeFields,
	showError,
} from "./fields.js";
import { filter, showCounts } from "./filter.js";
import { look, wake } from "./live.js";
import { refreshPanel } from "./panel.js";
import { hydrate } from "./shells.js";
import { show, toast } from "./toasts.js";

const SLICE = 4; // cards that are taken over at once
const MOST_BREATH = 150; // milliseconds between two slices
const MOST_SAID = 3; // failures in one toast

function merge(card, fresh) {
	const had = card.classList.contains("bd-shell");
	card.dataset.mark = fresh.dataset.mark;
	card.dataset.keys = fresh.dataset.keys;
	if (fresh.dataset.far) card.dataset.far = fresh.dataset.far;
	if (had && !fresh.classList.contains("bd-shell")) {
		card.classList.remove("bd-shell");
		card.dataset.url = fresh.dataset.url;
		card.replaceChildren(...fresh.childNodes);
		card.querySelector("[data-pick]").checked = state.picked.has(card.dataset.id);
		bringBackInto(card);
		return;
	}
	if (had) {
		card.replaceChildren(...fresh.childNodes);
		return;
	}
	/* It has got its inside since the news were asked for; the next look sees that they differ. */
	if (fresh.classList.contains("bd-shell")) return;
	const locked =
		Boolean(card.querySelector("[data-grip]")) !== Boolean(fresh.querySelector("[data-grip]"));
	if (locked && !card.contains(document.activeElement) && !fieldsOf(card).some(isDirty)) {
		card.replaceChildren(...fresh.childNodes);
		return;
	}
	for (const part of fresh.querySelectorAll("[data-part]")) {
		const old = card.querySelector(`[data-part="${part.dataset.part}"]`);
		if (!old || old.outerHTML === part.outerHTML) continue;
		const [before, after] = [old.querySelector("img"), part.querySelector("img")];
		if (before && after && before.getAttribute("src") === after.getAttribute("src"))
			after.replaceWith(before); // no flicker
		old.replaceWith(part);
	}
	mergeFields(card, fresh);
}

/* An attempt that has just failed is said at once, whatever the page shows: a job may end
   within a second. */
function sayFailures(fresh, known) {
	const failed = fresh.filter(
		(card) =>
			card.dataset.keys.split(" ").includes("failed") &&
			known.get(card.dataset.id) &&
			!known.get(card.dataset.id).includes("failed"),
	);
	if (!failed.length) return;
	const lines = failed.slice(0, MOST_SAID).map((card) => {
		const now = document.getElementById(card.id);
		return words("failed", {
			n: number(now),
			t:
				now.querySelector('[data-part="states"] li[data-key="failed"] span:last-of-type')
					?.textContent ?? words("failedShort"),
		});
	});
	if (failed.length > MOST_SAID) lines.push(words("failedMore", { n: failed.length - MOST_SAID }));
	toast(lines.join("\n"), "bad");
}

export function renumber() {
	cards().forEach((card, index) => {
		const n = index + 1;
		if (card.classList.contains("bd-shell")) {
			card.firstElementChild.dataset.n = n;
			return;
		}
		const shown = card.querySelector(".bd-n");
		if (!shown || shown.textContent === String(n)) return;
		shown.textContent = n;
		card.querySelector("[data-grip]")?.setAttribute("aria-label", words("move", { n }));
		card.querySelector("[data-pick]")?.setAttribute("aria-label", words("pick", { n }));
		card.querySelector("[data-menu]")?.setAttribute("aria-label", words("menu", { n }));
		const open = card.querySelector(".bd-open span");
		if (open) open.textContent = words("open", { n });
	});
}

/* The card with the focus stays where it is in the document, and the others go around it:
   moving it would take the focus away. */
export function arrange(ids) {
	const known = new Map(cards().map((card) => [card.dataset.id, card]));
	const wanted = new Set(ids);
	for (const [id, card] of known) {
		if (wanted.has(id)) continue;
		if (fieldsOf(card).some(isDirty)) keepUnsaved(card);
		else {
			card.remove();
			state.picked.delete(id);
		}
	}
	const now = cards()
		.map((card) => card.dataset.id)
		.filter((id) => wanted.has(id));
	if (now.length === ids.length && now.every((id, index) => id === ids[index])) return;
	const rows = ids.map((id) => known.get(id)).filter(Boolean);
	const held = rows.find((card) => card.contains(document.activeElement));
	const middle = held ? rows.indexOf(held) : rows.length;
	for (const card of rows.slice(0, middle)) list().insertBefore(card, held ?? null);
	for (const card of rows.slice(middle + 1)) list().append(card);
}

/* Open stays open; whoever brought a scene back goes on from the heading, not from the top of
   the page. */
function showDeleted(shown, fresh) {
	const inside = shown.contains(document.activeElement);
	shown.replaceChildren(...fresh.childNodes);
	shown.hidden = fresh.hidden;
	if (inside && !shown.hidden) shown.querySelector("summary").focus();
}

function takeCard(card, known) {
	const old = known.get(card.dataset.id) ?? broughtBack(card);
	if (old) merge(old, card);
	else if (list()) {
		list().append(card);
		htmx.process(card);
	} else location.reload(); // the first scene of an empty board
}

const byId = () => new Map(cards().map((card) => [card.dataset.id, card]));
/* A frame is drawn between two slices, so that they are not laid out together; a page that nobody
   sees draws none. */
const breath = () =>
	new Promise((done) => {
		requestAnimationFrame(() => setTimeout(done));
		setTimeout(done, MOST_BREATH);
	});
const free = () => new Promise(whenFree);

let reading = null; // news with many cards, which are taken over in slices

/* One after the other, in the order in which they came. */
function receive(news) {
	const { content } = news.querySelector("template");
	const fresh = [...content.querySelectorAll("ol > .bd-card")];
	if (!reading && fresh.length <= SLICE) return read(news, content, fresh);
	const own = (reading ?? Promise.resolve())
		.then(() => readInSlices(news, content, fresh))
		.catch(reportError)
		.then(() => {
			if (reading === own) reading = null;
		});
	reading = own;
}

async function readInSlices(news, content, fresh) {
	const keys = keysNow();
	for (let from = 0; from < fresh.length; from += SLICE) {
		await free();
		const known = byId();
		keepFocus(() => {
			for (const card of fresh.slice(from, from + SLICE)) takeCard(card, known);
		});
		await breath();
	}
	await free();
	keepFocus(() => finish(news, content, fresh, keys));
}

const keysNow = () =>
	new Map(cards().map((card) => [card.dataset.id, card.dataset.keys.split(" ")]));

function read(news, content, fresh) {
	const keys = keysNow();
	const known = byId();
	for (const card of fresh) takeCard(card, known);
	finish(news, content, fresh, keys);
}

function finish(news, content, fresh, keys) {
	const page = root();
	if (news.dataset.ids !== undefined && list())
		arrange(news.dataset.ids.split(",").filter(Boolean));
	if (news.dataset.version) {
		page.dataset.version = news.dataset.version;
		state.stable = cards().map((card) => card.dataset.id);
	}
	if (news.dataset.editable !== undefined) page.dataset.editable = news.dataset.editable;
	renumber();
	const bar = content.querySelector('[data-part="bar"]');
	if (bar && $("bd-bar")) {
		$("bd-bar").replaceWith(bar);
		bar.removeAttribute("data-part");
	}
	const hint = content.querySelector('[data-part="hint"]');
	if (hint && $("bd-hint") && $("bd-hint").innerHTML !== hint.innerHTML)
		$("bd-hint").replaceChildren(...hint.childNodes);
	const deleted = content.querySelector('[data-part="deleted"]');
	if (deleted && $("bd-deleted")) showDeleted($("bd-deleted"), deleted);
	const counts = content.querySelector("[data-counts]");
	if (counts) showCounts(counts);
	for (const beside of content.querySelectorAll("[data-beside]")) {
		const field = document.querySelector(
			`#scene-${beside.dataset.scene} [name="${beside.dataset.beside}"]`,
		);
		if (!field) continue;
		delete field.dataset.sent;
		showError(field, beside);
		if (beside.dataset.gone === undefined) continue;
		field.closest(".bd-card").classList.add("bd-gone");
		renumber();
	}
	const said = content.querySelector("[data-toast]");
	if (said) show(said);
	else sayFailures(fresh, keys);
	const seen = panelBody()?.dataset.scene;
	if (seen && !state.sentForm && fresh.some((card) => card.dataset.id === seen)) refreshPanel();
	if (news.dataset.moving === "1") wake();
	filter();
	hydrate();
	if (news.dataset.focus) point($(`scene-${news.dataset.focus}`));
	if (news.dataset.more) look(0);
	if (said && !said.matches(".bd-bad, .bd-ask")) $("vp-dialog")?.close?.();
}

document.addEventListener("htmx:oobAfterSwap", (event) => {
	if (event.detail.target?.id !== "bd-news") return;
	const news = $("bd-news");
	if (news.dataset.read) return; // htmx may tell of one swap more than once
	news.dataset.read = "1";
	if (!root()) {
		const said = news.querySelector("template").content.querySelector("[data-toast]");
		if (said) show(said);
		return;
	}
	receive(news);
});
