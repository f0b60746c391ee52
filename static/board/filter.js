/* The scenes in one state only, and how many there are in each. */

import { cards } from "./base.js";
import { hydrate } from "./shells.js";

let shown = new URLSearchParams(location.search).get("state") ?? "";

export function filter() {
	let any = 0;
	for (const card of cards()) {
		card.hidden = Boolean(shown) && !card.dataset.keys.split(" ").includes(shown);
		any += !card.hidden;
	}
	const none = document.querySelector("#bd-scenes ~ .bd-none");
	if (none) none.hidden = any > 0;
	const all = document.querySelector("[data-pick-all]");
	if (all) all.hidden = !any;
}

export function showCounts(counts) {
	const values = Object.fromEntries(
		[...counts.children].map((item) => [item.dataset.name, item.textContent]),
	);
	for (const count of document.querySelectorAll(".bd-filters [data-count]")) {
		const name = count.dataset.count;
		count.textContent = name ? (values[name] ?? 0) : cards().length;
		if (name) count.parentElement.hidden = !values[name] && name !== shown;
	}
}

document.addEventListener("click", (event) => {
	const link = event.target.closest("[data-filter]");
	if (!link || event.ctrlKey || event.metaKey) return;
	event.preventDefault();
	shown = link.dataset.filter;
	for (const one of document.querySelectorAll(".bd-filters a[data-filter]")) {
		if (one.dataset.filter === shown) one.setAttribute("aria-current", "true");
		else one.removeAttribute("aria-current");
	}
	const address = new URL(location.href);
	if (shown) address.searchParams.set("state", shown);
	else address.searchParams.delete("state");
	history.replaceState(null, "", address);
	filter();
	hydrate();
});
