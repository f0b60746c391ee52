/* The menu of a scene. */

import { $, post } from "./base.js";
import { step } from "./order.js";

let menuCard = null;

document.addEventListener("click", (event) => {
	const button = event.target.closest("[data-menu]");
	if (!button) return;
	const menu = $("bd-menu");
	menuCard = button.closest(".bd-card");
	menu.opener = button;
	const url = menuCard.dataset.url;
	for (const item of menu.querySelectorAll("[data-act]"))
		item.setAttribute("formaction", `${url}do/${item.dataset.act}/`);
	menu.querySelector("[data-split]").href = `${url}split/`;
	const insert = menu.querySelector("[data-insert]");
	insert.href = `${insert.href.split("?")[0]}?after=${menuCard.dataset.id}`;
	menu.showPopover();
	const box = button.getBoundingClientRect();
	const size = menu.getBoundingClientRect();
	const left = Math.min(innerWidth - size.width - 8, box.right - size.width);
	const above = Math.max(8, box.top - size.height - 4);
	menu.style.left = `${Math.max(8, left)}px`;
	menu.style.top = `${box.bottom + size.height + 8 > innerHeight ? above : box.bottom + 4}px`;
	menu.querySelector("[role=menuitem]").focus();
});
document.addEventListener("keydown", (event) => {
	const menu = event.target.closest?.("#bd-menu");
	if (!menu) return;
	const items = [...menu.querySelectorAll("[role=menuitem]")];
	const here = items.indexOf(document.activeElement);
	const to = {
		ArrowDown: (here + 1) % items.length,
		ArrowUp: (here - 1 + items.length) % items.length,
		Home: 0,
		End: items.length - 1,
	}[event.key];
	if (to !== undefined) {
		event.preventDefault();
		items[to].focus();
	} else if (event.key === "Escape" || event.key === "Tab") {
		menu.hidePopover();
		menu.opener?.focus();
	}
});
document.addEventListener("click", (event) => {
	const item = event.target.closest("#bd-menu [role=menuitem]");
	if (!item) return;
	$("bd-menu").hidePopover();
	$("bd-menu").opener?.focus();
	if (item.dataset.step) step(menuCard, item.dataset.step);
});
document.addEventListener("submit", (event) => {
	if (!event.target.matches("#bd-do, #bd-panel [data-panel-act]") || !event.submitter) return;
	event.preventDefault();
	$("bd-panel").close();
	post(event.submitter.formAction, {});
});
