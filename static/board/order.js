/* Order by mouse and touch: one request says which scene goes behind which. Loaded before Alpine begins, which sorts. */
(function (board) {
	"use strict";

	const { $, root, list, cards, words, announce, post } = board;

	let dragged = 0;

	function sendMoves(moves) {
		post(root().dataset.orderUrl, { move: moves.map(([id, after]) => `${id}:${after ?? ""}`), version: root().dataset.version, shown: "1" }, list());
	}

	/* A move that was not made is not shown either. */
	function putBack() {
		board.arrange(board.stable);
		board.renumber();
	}

	document.addEventListener("htmx:afterRequest", (event) => {
		const { requestConfig, xhr } = event.detail;
		if (requestConfig?.path === root()?.dataset.orderUrl && xhr.status >= 400 && $("bd-news").dataset.ids === undefined) putBack();
	});

	function before(card) {
		let other = card.previousElementSibling;
		while (other && !other.dataset.id) other = other.previousElementSibling;
		return other?.dataset.id;
	}

	/* A selected scene takes the other selected ones along. */
	function dropped(card) {
		board.renumber();
		if (!board.picked.has(card.dataset.id) || board.picked.size < 2) return sendMoves([[card.dataset.id, before(card)]]);
		const group = cards().filter((one) => board.picked.has(one.dataset.id) && one !== card);
		const moves = [[card.dataset.id, before(card)]];
		let last = card;
		for (const one of group) {
			last.after(one);
			moves.push([one.dataset.id, last.dataset.id]);
			last = one;
		}
		board.renumber();
		sendMoves(moves);
	}

	document.addEventListener("alpine:init", () => {
		Alpine.data("board", () => ({
			sorting: {
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
					board.dragging = true;
					document.body.classList.add("sorting");
				},
				onSort() {},
				onEnd(event) {
					board.dragging = false;
					dragged = Date.now();
					document.body.classList.remove("sorting");
					if (event.oldDraggableIndex !== event.newDraggableIndex) dropped(event.item);
					for (const news of board.waiting.splice(0)) board.read(news);
				},
			},
		}));
	});
	document.addEventListener("click", (event) => {
		if (event.target.closest?.(".bd-open") && Date.now() - dragged < 60) {
			event.preventDefault();
			event.stopImmediatePropagation();
		}
	}, true);

	function step(card, where) {
		const all = cards();
		const rest = all.filter((one) => one !== card);
		const here = all.indexOf(card);
		const to = { earlier: Math.max(0, here - 1), later: Math.min(rest.length, here + 1), first: 0, last: rest.length }[where];
		if (to === here) return;
		if (to === 0) list().prepend(card);
		else rest[to - 1].after(card);
		board.renumber();
		announce(words("put", { p: to + 1, c: all.length }));
		sendMoves([[card.dataset.id, before(card)]]);
		board.point(card);
	}

	Object.assign(board, { before, putBack, sendMoves, step });
})(window.studioBoard);
