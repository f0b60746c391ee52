/* Several scenes at once. */
(function (board) {
	"use strict";

	const { $, root, list, cards, words, post } = board;

	function showPicked() {
		const bar = $("bd-selection");
		for (const card of cards()) {
			const on = board.picked.has(card.dataset.id);
			card.classList.toggle("bd-picked", on);
			const box = card.querySelector("[data-pick]");
			if (box) box.checked = on;
		}
		list()?.classList.toggle("bd-picking", board.picked.size > 0);
		bar.hidden = !board.picked.size;
		bar.querySelector("[data-selected]").textContent = words("selected", { n: board.picked.size });
		for (const link of bar.querySelectorAll("[data-with-selection]")) {
			const scenes = cards().filter((card) => board.picked.has(card.dataset.id)).map((card) => `scene=${card.dataset.id}`);
			link.href = `${link.href.split("?")[0]}?${scenes.join("&")}`;
		}
	}

	let lastPicked = null;
	document.addEventListener("click", (event) => {
		const box = event.target.closest?.("[data-pick]");
		if (!box) return;
		const card = box.closest(".bd-card");
		const all = cards();
		const range = event.shiftKey && lastPicked && all.includes(lastPicked) ? all.slice(Math.min(all.indexOf(lastPicked), all.indexOf(card)), Math.max(all.indexOf(lastPicked), all.indexOf(card)) + 1) : [card];
		for (const one of range) if (!one.hidden) board.picked[box.checked ? "add" : "delete"](one.dataset.id);
		lastPicked = card;
		showPicked();
	});
	document.addEventListener("click", (event) => {
		const target = event.target.closest?.("[data-pick-none], [data-pick-all], [data-many], [data-many-move]");
		if (!target) return;
		const chosen = cards().filter((card) => board.picked.has(card.dataset.id));
		if (target.matches("[data-pick-all]")) cards().forEach((card) => card.hidden || board.picked.add(card.dataset.id));
		else if (target.dataset.many) {
			post(root().dataset.manyUrl, { do: target.dataset.many, scene: chosen.map((card) => card.dataset.id) });
			board.picked.clear();
		} else if (target.dataset.manyMove) {
			const rest = cards().filter((card) => !board.picked.has(card.dataset.id));
			let after = target.dataset.manyMove === "first" ? null : rest.at(-1);
			const moves = [];
			for (const card of chosen) {
				moves.push([card.dataset.id, after?.dataset.id]);
				if (after) after.after(card);
				else list().prepend(card);
				after = card;
			}
			board.renumber();
			board.sendMoves(moves);
		} else board.picked.clear();
		showPicked();
	});
})(window.studioBoard);
