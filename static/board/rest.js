/* The page of a long story comes with its first scenes. The others get shells as soon as the player
   knows of them. */

import { $, cards, list, state } from "./base.js";
import { filter } from "./filter.js";
import { hydrate, insideOf } from "./shells.js";

const PLACE = `scroll ${location.pathname}`;

/* `scenes`: all of the story, in film order. */
export function takeRest(scenes) {
	if (list()?.dataset.partial === undefined) return;
	delete list().dataset.partial;
	$("bd-rest")?.remove();
	const isAimed = location.hash && !$(location.hash.slice(1));
	const known = new Map(cards().map((card) => [card.dataset.id, card]));
	let last = null;
	for (const scene of scenes) {
		const card = known.get(scene.id) ?? shellOf(scene);
		if (!known.has(scene.id)) {
			if (last) last.after(card);
			else list().prepend(card);
		}
		last = card;
	}
	state.stable = cards().map((card) => card.dataset.id);
	document.querySelector('.bd-filters [data-count=""]').textContent = state.stable.length;
	filter();
	hydrate();
	if (isAimed) $(location.hash.slice(1))?.scrollIntoView({ behavior: "instant" });
	else goBack();
}

function shellOf({ id, n, title, keys, mark }) {
	const card = Object.assign(document.createElement("li"), {
		id: `scene-${id}`,
		className: "bd-card bd-shell",
	});
	Object.assign(card.dataset, { id, mark, keys });
	card.append(insideOf(`scenes/${id}/`, title, n));
	return card;
}

/* A browser goes back to where a page was scrolled to before the page has its whole length. */
function goBack() {
	const place = Number(sessionStorage.getItem(PLACE));
	const [visit] = performance.getEntriesByType("navigation");
	if (visit?.type !== "navigate" && place > scrollY) scrollTo({ top: place, behavior: "instant" });
}

window.addEventListener("pagehide", () => sessionStorage.setItem(PLACE, scrollY));
