/* The scripts of the board: each module adds its listeners; then the page begins. */

import "./clips.js";
import "./crop.js";
import "./drop.js";
import "./fit.js";
import "./keys.js";
import "./menu.js";
import "./selection.js";
import { cards, list, panelBody, root, state } from "./base.js";
import { bringBackTyped } from "./fields.js";
import { filter } from "./filter.js";
import { wake } from "./live.js";
import { refreshPanel } from "./panel.js";
import { hydrate } from "./shells.js";

document.addEventListener("DOMContentLoaded", () => {
	if (!root())
		setInterval(() => !document.hidden && panelBody()?.dataset.running && refreshPanel(), 4000);
	// A story that is being planned has no list yet: the first news with scenes load the page anew.
	if (root()?.dataset.moving) wake();
	if (!root() || !list()) return;
	state.stable = cards().map((card) => card.dataset.id);
	filter();
	hydrate();
	bringBackTyped();
	const top = document.querySelector(".bd-top");
	new IntersectionObserver(([entry]) => top.classList.toggle("bd-stuck", !entry.isIntersecting), {
		rootMargin: "-1px 0px 0px",
	}).observe(document.querySelector(".bd-head"));
});
