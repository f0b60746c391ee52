/* Shells become cards when they come near. */
(function (board) {
	"use strict";

	const { root, cards } = board;

	let near = null;
	const asked = new Set();
	let gathering = null;

	function hydrate() {
		near ??= new IntersectionObserver((entries) => {
			for (const entry of entries) if (entry.isIntersecting) asked.add(entry.target);
			if (asked.size) gathering ??= setTimeout(fetchShells, 60);
		}, { rootMargin: "900px 0px" });
		for (const card of cards()) if (card.classList.contains("bd-shell")) near.observe(card);
	}

	function fetchShells() {
		gathering = null;
		const wanted = [...asked].filter((card) => card.isConnected && card.classList.contains("bd-shell") && !card.hidden).slice(0, 40);
		asked.forEach((card) => near.unobserve(card));
		asked.clear();
		if (wanted.length) htmx.ajax("GET", root().dataset.cardsUrl, { source: "#bd-live", swap: "none", values: { ids: wanted.map((card) => card.dataset.id).join(",") } }).then(hydrate);
	}

	Object.assign(board, { hydrate });
})(window.studioBoard);
