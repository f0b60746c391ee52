/* Shells become cards when they come near. */

import { cards, root } from "./base.js";

let near = null;
const asked = new Set();
let _gathering = null;

export function hydrate() {
	near ??= new IntersectionObserver(
		(entries) => {
			for (const entry of entries) if (entry.isIntersecting) asked.add(entry.target);
			if (asked.size) _gathering ??= setTimeout(fetchShells, 60);
		},
		{ rootMargin: "900px 0px" },
	);
	for (const card of cards()) if (card.classList.contains("bd-shell")) near.observe(card);
}

function fetchShells() {
	_gathering = null;
	const wanted = [...asked]
		.filter((card) => card.isConnected && card.classList.contains("bd-shell") && !card.hidden)
		.slice(0, 40);
	for (const card of asked) near.unobserve(card);
	asked.clear();
	if (wanted.length)
		htmx
			.ajax("GET", root().dataset.cardsUrl, {
				source: "#bd-live",
				swap: "none",
				values: { ids: wanted.map((card) => card.dataset.id).join(",") },
			})
			.then(hydrate);
}
