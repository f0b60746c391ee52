/* Fields of a card: what stands there, what stood there, what the server knows. Leaving a
   field saves it; errors stand beside it. */

import { post, root, words } from "./base.js";

const DRAFT = "board-typed";

export const fieldsOf = (card) => [...card.querySelectorAll("[data-seen]")];
const was = (field) =>
	field.dataset.was ??
	(field.tagName === "SELECT"
		? [...field.options].find((option) => option.defaultSelected)?.value
		: field.defaultValue);
export const isDirty = (field) => field.value.trim() !== String(was(field)).trim();

function place(field, value, seen) {
	field.value = value;
	field.dataset.was = value;
	field.dataset.seen = seen;
}

function errorOf(field) {
	const next = (field.closest(".bd-prompt, .bd-row") ?? field).nextElementSibling;
	return next?.matches(".bd-beside") && next.dataset.beside === field.name ? next : null;
}

function clearError(field) {
	errorOf(field)?.remove();
	field.removeAttribute("aria-invalid");
	field.removeAttribute("aria-describedby");
}

export function showError(field, beside) {
	clearError(field);
	beside.id = `beside-${field.name}-${beside.dataset.scene}`;
	(field.closest(".bd-prompt, .bd-row") ?? field).after(beside);
	field.setAttribute("aria-invalid", "true");
	field.setAttribute("aria-describedby", beside.id);
}

function save(field) {
	const form = field.closest("form[data-edit]");
	if (!form || field.readOnly || field.disabled) return;
	const value = field.value;
	field.dataset.sent = value;
	clearError(field);
	post(
		form.getAttribute("action"),
		{ [field.name]: value, [`seen_${field.name}`]: field.dataset.seen },
		field,
	);
}

function saved(field, value, seen) {
	const sent = field.dataset.sent;
	delete field.dataset.sent;
	field.dataset.seen = seen;
	field.dataset.was = value;
	if (field.value !== sent) {
		/* The person wrote on. Whoever left the field meanwhile has it saved now. */
		if (document.activeElement !== field && isDirty(field)) save(field);
		return;
	}
	if (document.activeElement !== field) field.value = value;
	field.classList.add("bd-kept");
	setTimeout(() => field.classList.remove("bd-kept"), 900);
}

document.addEventListener("focusout", (event) => {
	const field = event.target;
	if (!field.matches?.("#bd-scenes [data-seen]")) return;
	if (isDirty(field)) {
		if (
			field.dataset.sent === undefined &&
			!errorOf(field)?.matches("[data-gone], :has([data-keep-mine])")
		)
			save(field);
	} else if (field.pending) {
		place(field, ...field.pending);
		delete field.pending;
	}
});
document.addEventListener("change", (event) => {
	if (event.target.matches?.("#bd-scenes select[data-seen]") && isDirty(event.target))
		save(event.target);
});
document.addEventListener("submit", (event) => {
	if (!event.target.matches("#bd-scenes form[data-edit]")) return;
	event.preventDefault(); // Enter in a field: leaving it saves
	document.activeElement?.blur();
});
document.addEventListener("keydown", (event) => {
	const field = event.target;
	if (event.key !== "Escape" || !field.matches?.("#bd-scenes [data-seen]")) return;
	field.value = was(field);
	clearError(field);
	field.blur();
});
/* Who leaves the page in the middle of a text: it is sent on the way out, and put aside until
   the next page knows that it arrived. */
const everyField = () => [...document.querySelectorAll("#bd-scenes [data-seen]")];
const isStuck = (field) => Boolean(errorOf(field)) || !navigator.onLine;

window.addEventListener("beforeunload", (event) => {
	if (everyField().some((field) => isDirty(field) && isStuck(field))) event.preventDefault();
});
window.addEventListener("pagehide", () => {
	const typed = everyField().filter(isDirty);
	if (!typed.length) return;
	sessionStorage.setItem(
		DRAFT,
		JSON.stringify({
			path: location.pathname,
			fields: typed.map((field) => [
				field.closest(".bd-card").id,
				field.name,
				field.value,
				field.dataset.seen,
			]),
		}),
	);
	for (const field of typed) {
		if (isStuck(field) || field.readOnly || field.disabled) continue;
		const body = new URLSearchParams({
			[field.name]: field.value,
			[`seen_${field.name}`]: field.dataset.seen,
		});
		const headers = { ...JSON.parse(root().getAttribute("hx-headers")), "HX-Request": "true" };
		fetch(field.closest("form[data-edit]").getAttribute("action"), {
			method: "POST",
			body,
			headers,
			keepalive: true,
		}).catch(() => {});
	}
});

/* The text that was under way comes back into its field and is saved; if it has arrived
   already, that changes nothing. */
export function bringBackTyped() {
	const draft = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
	sessionStorage.removeItem(DRAFT);
	if (draft?.path !== location.pathname) return;
	typedBefore = draft.fields;
	for (const card of document.querySelectorAll("#bd-scenes > .bd-card:not(.bd-shell)"))
		bringBackInto(card);
}

let typedBefore = [];

/* A card that is not there yet gets its text when it comes. */
export function bringBackInto(card) {
	const [mine, others] = [[], []];
	for (const row of typedBefore) (row[0] === card.id ? mine : others).push(row);
	typedBefore = others;
	for (const [, name, value, seen] of mine) {
		const field = card.querySelector(`[name="${name}"]`);
		if (!field || field.readOnly || field.disabled || field.value === value) continue;
		field.value = value;
		/* What the person had seen: a text of somebody else is still a conflict. */
		field.dataset.seen = seen;
		save(field);
	}
}

export function broughtBack(card) {
	const gone = document.getElementById(card.id);
	if (!gone?.classList.contains("bd-gone")) return undefined;
	gone.classList.remove("bd-gone");
	for (const field of fieldsOf(gone)) {
		if (!errorOf(field)?.hasAttribute("data-gone")) continue;
		clearError(field);
		if (isDirty(field)) setTimeout(() => save(field));
	}
	return gone;
}

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
	document.addEventListener(name, (event) => {
		const source = event.detail.elt;
		if (source?.dataset?.sent !== undefined) {
			delete source.dataset.sent;
			const beside = document.createElement("div");
			beside.className = "bd-beside";
			beside.dataset.beside = source.name;
			beside.dataset.scene = source.closest(".bd-card").dataset.id;
			beside.setAttribute("role", "alert");
			beside.innerHTML =
				"<p></p><div><button type=button class='vp-btn vp-small' data-again></button></div>";
			beside.querySelector("p").textContent = words(
				{ 401: "out", 404: "gone" }[event.detail.xhr?.status] ?? "lost",
			);
			beside.querySelector("button").textContent = words("again");
			showError(source, beside);
		}
	});
}
document.addEventListener("click", (event) => {
	const button = event.target.closest(
		"[data-again], [data-keep-mine], [data-take-theirs], [data-restore], [data-copy-typed]",
	);
	if (!button) return;
	const beside = button.closest(".bd-beside");
	const field = beside.closest(".bd-card").querySelector(`[name="${beside.dataset.beside}"]`);
	if (button.dataset.restore !== undefined)
		return void post(button.dataset.restore, { whole: "1" });
	if (button.dataset.copyTyped !== undefined) {
		navigator.clipboard?.writeText(field.value).then(
			() => {
				button.textContent = words("copied");
			},
			() => field.select(),
		);
		return;
	}
	if (button.dataset.takeTheirs !== undefined) {
		place(field, button.dataset.text, button.dataset.takeTheirs);
		clearError(field);
	} else {
		if (button.dataset.keepMine) field.dataset.seen = button.dataset.keepMine;
		save(field);
	}
	field.focus();
});

/* A field takes over what the server has, but for what the person is in the middle of. */
export function mergeFields(card, fresh) {
	for (const field of fieldsOf(card)) {
		const other = fresh.querySelector(`[name="${field.name}"]`);
		if (!other) continue;
		const value = was(other);
		if (field.dataset.sent !== undefined && field.dataset.sent.trim() === value.trim())
			saved(field, value, other.dataset.seen);
		else if (other.dataset.seen === field.dataset.seen) continue;
		else if (field === document.activeElement && !isDirty(field))
			field.pending = [value, other.dataset.seen];
		else if (!isDirty(field)) place(field, value, other.dataset.seen);
		field.readOnly = other.readOnly;
		field.disabled = other.disabled;
	}
}

/* The scene is gone and its card holds text that is not saved: the card stays, out of the row
   of scenes, with what can be done. */
export function keepUnsaved(card) {
	card.classList.add("bd-gone");
	for (const field of fieldsOf(card).filter(isDirty)) {
		if (errorOf(field)?.hasAttribute("data-gone")) continue;
		const beside = document.createElement("div");
		beside.className = "bd-beside";
		beside.dataset.beside = field.name;
		beside.dataset.scene = card.dataset.id;
		beside.dataset.gone = "";
		beside.setAttribute("role", "alert");
		beside.append(Object.assign(document.createElement("p"), { textContent: words("gone") }));
		const acts = document.createElement("div");
		for (const [name, value, text] of [
			["restore", `${card.dataset.url}do/restore/`, words("restore")],
			["copyTyped", "", words("copy")],
		]) {
			const button = Object.assign(document.createElement("button"), {
				type: "button",
				className: "vp-btn vp-small",
				textContent: text,
			});
			button.dataset[name] = value;
			acts.append(button);
		}
		beside.append(acts);
		showError(field, beside);
	}
}
