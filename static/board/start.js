/* Begin, when the page is there. */
(function (board) {
	"use strict";

	const { root, list, cards } = board;

	document.addEventListener("DOMContentLoaded", () => {
		if (!root()) setInterval(() => !document.hidden && board.panelBody()?.dataset.running && board.refreshPanel(), 4000);
		if (!root() || !list()) return;
		board.stable = cards().map((card) => card.dataset.id);
		board.filter();
		board.hydrate();
		board.bringBackTyped();
		if (root().dataset.moving) board.wake();
		const top = document.querySelector(".bd-top");
		new IntersectionObserver(([entry]) => top.classList.toggle("bd-stuck", !entry.isIntersecting), { rootMargin: "-1px 0px 0px" }).observe(document.querySelector(".bd-head"));
	});
})(window.studioBoard);
