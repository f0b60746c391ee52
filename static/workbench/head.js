/* The head of a story: the title of the tab shows the progress, the message of work that has ended
   goes, and the menu closes as menus do. */

import { whenFree } from "../studio/presses.js";

const head = () => document.getElementById("vp-head");
const page = document.title;

function retitle() {
	const now = head();
	if (!now) return;
	const shown = now.dataset.title;
	document.title = page.replace(/^[^|]*/, `${shown} `).trim();
	if (!("working" in now.dataset))
		for (const message of document.querySelectorAll("[data-while-running]")) message.remove();
}

/* The board brings the head with its news. An open menu stays open. */
function renew(news) {
	const fresh = news
		.querySelector("template")
		?.content.querySelector('[data-part="head"]')
		?.cloneNode(true);
	const old = head();
	if (!fresh || !old) return;
	fresh.removeAttribute("data-part");
	if (old.innerHTML === fresh.innerHTML) return;
	if (old.querySelector(".vp-more")?.open)
		fresh.querySelector(".vp-more")?.setAttribute("open", "");
	old.replaceWith(fresh);
	retitle();
}

document.addEventListener(
	"htmx:oobAfterSwap",
	(event) => event.detail.target?.id === "bd-news" && renew(document.getElementById("bd-news")),
);
document.addEventListener("htmx:afterSettle", () => whenFree(retitle));
document.addEventListener("click", (event) => {
	const open = document.querySelector(".vp-more[open]");
	if (open && !open.contains(event.target) && !event.target.closest("dialog")) open.open = false;
});
document.addEventListener("keydown", (event) => {
	const open = event.key === "Escape" && document.querySelector(".vp-more[open]");
	if (!open) return;
	open.open = false;
	open.querySelector("summary").focus();
});
document.addEventListener("focusout", (event) => {
	const open = event.target.closest?.(".vp-more[open]");
	if (open && event.relatedTarget && !open.contains(event.relatedTarget)) open.open = false;
});

/* The list of keys. */
function keys() {
	const list = document.getElementById("wb-keys");
	if (list && !list.open) list.showModal();
}

document.addEventListener("click", (event) => {
	if (event.target.closest("[data-show-keys]")) keys();
	if (event.target.id === "wb-keys") event.target.close();
});
document.addEventListener("keydown", (event) => {
	if (
		event.key !== "?" ||
		event.ctrlKey ||
		event.metaKey ||
		event.target.matches?.("input, textarea, select, [contenteditable]")
	)
		return;
	event.preventDefault();
	keys();
});
retitle();
