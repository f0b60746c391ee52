/* Order by mouse and touch: one request says which scene goes behind which. Alpine sorts. */

import { hold, letGo } from "../studio/presses.js";
import { $, announce, cards, list, point, post, root, state, words } from "./base.js";
import { arrange, renumber } from "./news.js";
import { toast } from "./toasts.js";

let dragged = 0;

export function sendMoves(moves) {
	post(
		root().dataset.orderUrl,
		{
			move: moves.map(([id, after]) => `${id}:${after ?? ""}`),
			version: root().dataset.version,
			shown: "1",
		},
		list(),
	);
}

/* A move that was not made is not shown either. */
export function putBack() {
	arrange(state.stable);
	renumber();
}

document.addEventListener("htmx:afterRequest", (event) => {
	const { requestConfig, xhr } = event.detail;
	if (
		requestConfig?.path === root()?.dataset.orderUrl &&
		xhr.status >= 400 &&
		$("bd-news").dataset.ids === undefined
	)
		putBack();
});

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
	document.addEventListener(name, (event) => {
		const source = event.detail.elt;
		if (source?.id !== "bd-scenes" || source.dataset.sent !== undefined) return;
		toast(words("nomove"), "bad");
		putBack();
	});
}

export function before(card) {
	let other = card.previousElementSibling;
	while (other && !other.dataset.id) other = other.previousElementSibling;
	return other?.dataset.id;
}

/* A selected scene takes the other selected ones along. */
function dropped(card) {
	renumber();
	if (!state.picked.has(card.dataset.id) || state.picked.size < 2)
		return sendMoves([[card.dataset.id, before(card)]]);
	const group = cards().filter((one) => state.picked.has(one.dataset.id) && one !== card);
	const moves = [[card.dataset.id, before(card)]];
	let last = card;
	for (const one of group) {
		last.after(one);
		moves.push([one.dataset.id, last.dataset.id]);
		last = one;
	}
	renumber();
	sendMoves(moves);
}

const sorting = {
	handle: '[data-editable="1"] .bd-open, [data-editable="1"] .bd-grip',
	draggable: ".bd-card",
	filter: null,
	preventOnFilter: false,
	animation: 160,
	delay: 220,
	delayOnTouchOnly: true,
	touchStartThreshold: 5,
	forceFallback: true,
	fallbackTolerance: 6,
	scrollSensitivity: 90,
	scrollSpeed: 16,
	onStart() {
		state.dragging = true;
		hold("dragged");
		document.body.classList.add("sorting");
	},
	onSort() {},
	onEnd(event) {
		state.dragging = false;
		dragged = Date.now();
		document.body.classList.remove("sorting");
		if (event.oldDraggableIndex !== event.newDraggableIndex) dropped(event.item);
		letGo("dragged");
	},
};

/* Alpine has begun before this module runs. It takes up attributes that are added later. */
if (list()?.dataset.sortable !== undefined) {
	Alpine.store("board", { sorting });
	list().setAttribute("x-sort:config", "$store.board.sorting");
	list().setAttribute("x-sort", "");
}

document.addEventListener(
	"click",
	(event) => {
		if (event.target.closest?.(".bd-open") && Date.now() - dragged < 60) {
			event.preventDefault();
			event.stopImmediatePropagation();
		}
	},
	true,
);

export function step(card, where) {
	const all = cards();
	const rest = all.filter((one) => one !== card);
	const here = all.indexOf(card);
	const to = {
		earlier: Math.max(0, here - 1),
		later: Math.min(rest.length, here + 1),
		first: 0,
		last: rest.length,
	}[where];
	if (to === here) return;
	const focused = document.activeElement; // a card that moves loses it
	if (to === 0) list().prepend(card);
	else rest[to - 1].after(card);
	if (card.contains(focused)) focused.focus({ preventScroll: true });
	renumber();
	announce(words("put", { p: to + 1, c: all.length }));
	sendMoves([[card.dataset.id, before(card)]]);
	point(card);
}
