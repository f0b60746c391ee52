/* Several scenes at once. */

import { $, cards, list, post, root, state, words } from "./base.js";
import { renumber } from "./news.js";
import { sendMoves } from "./order.js";

export function showPicked() {
	const bar = $("bd-selection");
	for (const card of cards()) {
		const on = state.picked.has(card.dataset.id);
		card.classList.toggle("bd-picked", on);
		const box = card.querySelector("[data-pick]");
		if (box) box.checked = on;
	}
	list()?.classList.toggle("bd-picking", state.picked.size > 0);
	bar.hidden = !state.picked.size;
	bar.querySelector("[data-selected]").textContent = words("selected", { n: state.picked.size });
	$("bd-set").querySelector("[data-set-go]").textContent = words("apply", { n: state.picked.size });
	const failed = cards().some(
		(card) => state.picked.has(card.dataset.id) && card.dataset.keys.split(" ").includes("failed"),
	);
	bar.querySelectorAll("[data-if-failed]").forEach((link) => {
		link.hidden = !failed;
	});
	for (const link of bar.querySelectorAll("[data-with-selection]")) {
		const scenes = cards()
			.filter((card) => state.picked.has(card.dataset.id))
			.map((card) => `scene=${card.dataset.id}`);
		link.href = `${link.href.split("?")[0]}?${scenes.join("&")}`;
	}
}

/* One request for all of them; pressed twice it is still one. What is selected stays so until
   it is done. */
let asking = "";

function askForAll(values) {
	if (asking) return;
	asking = values.do;
	post(root().dataset.manyUrl, {
		...values,
		scene: cards()
			.filter((card) => state.picked.has(card.dataset.id))
			.map((card) => card.dataset.id),
	});
}

document.addEventListener("htmx:afterRequest", (event) => {
	if (!asking || event.detail.requestConfig?.path !== root()?.dataset.manyUrl) return;
	if (asking !== "set" && event.detail.xhr.status < 400) state.picked.clear();
	asking = "";
	showPicked();
});
document.addEventListener("submit", (event) => {
	if (event.target.id !== "bd-set") return;
	event.preventDefault();
	const { camera, duration_seconds } = event.target.elements;
	askForAll({ do: "set", camera: camera.value, duration_seconds: duration_seconds.value });
	event.target.hidePopover();
});
document.addEventListener(
	"toggle",
	(event) => {
		if (event.target.id !== "bd-set" || event.newState !== "open") return;
		const box = document.querySelector("[data-many-set]").getBoundingClientRect();
		const size = event.target.getBoundingClientRect();
		event.target.reset();
		event.target.style.left = `${Math.max(8, Math.min(innerWidth - size.width - 8, box.left))}px`;
		event.target.style.top = `${Math.max(8, box.top - size.height - 8)}px`;
		event.target.elements.camera.focus();
	},
	true,
);

let lastPicked = null;
document.addEventListener("click", (event) => {
	const box = event.target.closest?.("[data-pick]");
	if (!box) return;
	const card = box.closest(".bd-card");
	const all = cards();
	const range =
		event.shiftKey && lastPicked && all.includes(lastPicked)
			? all.slice(
					Math.min(all.indexOf(lastPicked), all.indexOf(card)),
					Math.max(all.indexOf(lastPicked), all.indexOf(card)) + 1,
				)
			: [card];
	for (const one of range)
		if (!one.hidden) state.picked[box.checked ? "add" : "delete"](one.dataset.id);
	lastPicked = card;
	showPicked();
});
document.addEventListener("click", (event) => {
	const target = event.target.closest?.(
		"[data-pick-none], [data-pick-all], [data-many], [data-many-move]",
	);
	if (!target) return;
	const chosen = cards().filter((card) => state.picked.has(card.dataset.id));
	if (target.matches("[data-pick-all]")) {
		for (const card of cards()) if (!card.hidden) state.picked.add(card.dataset.id);
	} else if (target.dataset.many) {
		askForAll({ do: target.dataset.many });
	} else if (target.dataset.manyMove) {
		const rest = cards().filter((card) => !state.picked.has(card.dataset.id));
		let after = target.dataset.manyMove === "first" ? null : rest.at(-1);
		const moves = [];
		for (const card of chosen) {
			moves.push([card.dataset.id, after?.dataset.id]);
			if (after) after.after(card);
			else list().prepend(card);
			after = card;
		}
		renumber();
		sendMoves(moves);
	} else state.picked.clear();
	showPicked();
});
