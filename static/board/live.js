/* Looking for news: quickly while things change, more slowly while they don't, not at all when
   nothing runs. */

import { $, cards, root, state } from "./base.js";

const FASTEST = 1500; // milliseconds between two looks while things change
const SLOWEST = 12000;

let pause = FASTEST;
let timer = null;
let looking = false;
let changes = 0; // those that were sent when the news were asked for

export function wake() {
	root().dataset.moving = "1";
	pause = FASTEST;
	if (!timer && !looking) look(pause);
}

export function look(after) {
	clearTimeout(timer);
	timer = setTimeout(ask, after);
}

function ask() {
	timer = null;
	if (document.hidden || state.dragging || looking) return look(FASTEST);
	looking = true;
	const marks = cards().map((card) => {
		const id = card.dataset.id.replaceAll("-", "").slice(0, 12);
		const shell = card.classList.contains("bd-shell") ? "~" : "";
		return `${id}:${shell}${card.dataset.mark}`;
	});
	changes = state.changes;
	htmx
		.ajax("POST", root().dataset.liveUrl, {
			source: $("bd-live"),
			swap: "none",
			values: {
				marks: marks.join(","),
				version: root().dataset.version,
				bar: $("bd-bar")?.dataset.mark ?? "",
			},
		})
		.catch(() => {}); // said by interrupted.js
}

/* News from before a change that this page has sent meanwhile may be older than its answer. */
const isOutdated = () => state.changes !== changes;

document.addEventListener("htmx:beforeSwap", (event) => {
	if (event.detail.elt?.id === "bd-live" && isOutdated()) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:afterRequest", (event) => {
	if (
		event.detail.elt?.id !== "bd-live" ||
		event.detail.requestConfig?.path !== root()?.dataset.liveUrl
	)
		return;
	looking = false;
	if (isOutdated()) return look(0);
	const status = event.detail.xhr.status;
	if (status === 286) {
		root().dataset.moving = "";
		clearTimeout(timer);
		timer = null;
		return;
	}
	pause = status === 200 ? FASTEST : Math.min(SLOWEST, pause * 1.5);
	if (!timer) look(pause);
});
document.addEventListener("visibilitychange", () => document.hidden || !root() || look(0));
window.addEventListener("focus", () => root() && look(200));
