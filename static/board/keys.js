/* Order by key: lift, move, put down. */

import { hold, letGo } from "../studio/presses.js";
import { announce, cards, list, number, state, words } from "./base.js";
import { renumber } from "./news.js";
import { before, sendMoves } from "./order.js";

let lifted = null;

function columns() {
	const rows = cards().filter((card) => !card.hidden);
	const top = rows[0]?.offsetTop;
	const next = rows.findIndex((card) => card.offsetTop !== top);
	return next < 1 ? Math.max(1, rows.length) : next;
}

function shift(card, to) {
	const all = cards();
	const place = Math.max(0, Math.min(all.length - 1, to));
	if (place === all.indexOf(card)) return;
	const grip = document.activeElement;
	lifted.moving = true;
	all[place][place > all.indexOf(card) ? "after" : "before"](card);
	grip.focus();
	lifted.moving = false;
	renumber();
	card.scrollIntoView({ block: "nearest" });
	announce(words("placed", { p: number(card), c: all.length }));
}

function putDown(keep) {
	const { card, from } = lifted;
	card.classList.remove("bd-lifted");
	if (!keep) {
		const rest = cards().filter((one) => one !== card);
		if (rest[from]) rest[from].before(card);
		else list().append(card);
		renumber();
		announce(words("back", { p: from + 1 }));
	} else if (number(card) - 1 !== from) {
		announce(words("put", { p: number(card), c: cards().length }));
		sendMoves([[card.dataset.id, before(card)]]);
	}
	lifted = null;
	state.dragging = false;
	letGo("lifted");
}

document.addEventListener("keydown", (event) => {
	const grip = event.target.closest?.("[data-grip]");
	if (!grip) return;
	const card = grip.closest(".bd-card");
	if (event.key === " " || event.key === "Enter") {
		event.preventDefault();
		if (lifted) {
			putDown(true);
			grip.focus();
			return;
		}
		lifted = { card, from: number(card) - 1, moving: false };
		state.dragging = true;
		hold("lifted");
		card.classList.add("bd-lifted");
		announce(words("lifted", { n: number(card), p: number(card), c: cards().length }));
		return;
	}
	if (!lifted) return;
	const here = number(card) - 1;
	const to = {
		ArrowLeft: here - 1,
		ArrowRight: here + 1,
		ArrowUp: here - columns(),
		ArrowDown: here + columns(),
		Home: 0,
		End: cards().length - 1,
	}[event.key];
	if (to !== undefined) {
		event.preventDefault();
		shift(card, to);
	} else if (event.key === "Escape") {
		event.preventDefault();
		putDown(false);
		grip.focus();
	}
});
document.addEventListener("focusout", (event) => {
	if (lifted && !lifted.moving && event.target.closest?.("[data-grip]"))
		setTimeout(() => lifted && !lifted.card.contains(document.activeElement) && putDown(true), 0);
});
