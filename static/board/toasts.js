/* What was said, with a way back. */

import { $, post, words } from "./base.js";

const TOAST = 8000;

export function toast(text, tone = "good") {
	const element = document.createElement("div");
	element.className = `bd-toast bd-${tone}`;
	element.append(Object.assign(document.createElement("span"), { textContent: text }));
	show(element);
}

export function show(element) {
	const close = Object.assign(document.createElement("button"), {
		type: "button",
		className: "bd-x",
		textContent: "✕",
	});
	close.setAttribute("aria-label", words("close"));
	close.addEventListener("click", () => element.remove());
	element.append(close);
	const open = document.querySelector("dialog[open]");
	const home =
		open?.querySelector(".bd-toasts") ?? $("bd-toasts") ?? document.querySelector(".bd-toasts");
	home.replaceChildren(element);
	const stay = element.matches(".bd-ask, .bd-bad") ? 3 * TOAST : TOAST;
	const end = () =>
		element.matches(":hover, :focus-within") ? setTimeout(end, 2000) : element.remove();
	setTimeout(end, stay);
}

document.addEventListener("submit", (event) => {
	const form = event.target.closest("form[data-offer]");
	if (!form) return;
	event.preventDefault();
	const values = {};
	const fields = new FormData(form);
	for (const name of fields.keys()) values[name] = fields.getAll(name);
	values.whole = "1";
	form.closest(".bd-toast").remove();
	post(form.getAttribute("action"), values);
});
document.addEventListener("keydown", (event) => {
	if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey)
		return;
	if (event.target.matches?.("input:not([type=checkbox]), textarea, select")) return;
	const form = document.querySelector(".bd-toast form[data-offer]");
	if (!form) return;
	event.preventDefault();
	form.requestSubmit();
});
