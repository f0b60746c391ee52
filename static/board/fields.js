/* Fields of a card: what stands there, what stood there, what the server knows. Leaving a field saves it; errors stand beside it. */
(function (board) {
	"use strict";

	const { cards, words, post } = board;

	const fieldsOf = (card) => [...card.querySelectorAll("[data-seen]")];
	const was = (field) => field.dataset.was ?? (field.tagName === "SELECT" ? [...field.options].find((option) => option.defaultSelected)?.value : field.defaultValue);
	const isDirty = (field) => field.value.trim() !== String(was(field)).trim();

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

	function showError(field, beside) {
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
		post(form.getAttribute("action"), { [field.name]: value, [`seen_${field.name}`]: field.dataset.seen }, field);
	}

	function saved(field, value, seen) {
		const sent = field.dataset.sent;
		delete field.dataset.sent;
		field.dataset.seen = seen;
		field.dataset.was = value;
		if (field.value !== sent) return; // the person writes on
		if (document.activeElement !== field) field.value = value;
		field.classList.add("bd-kept");
		setTimeout(() => field.classList.remove("bd-kept"), 900);
	}

	document.addEventListener("focusout", (event) => {
		const field = event.target;
		if (!field.matches?.("#bd-scenes [data-seen]")) return;
		if (isDirty(field)) {
			if (field.dataset.sent === undefined && !errorOf(field)?.querySelector("[data-keep-mine]")) save(field);
		} else if (field.pending) {
			place(field, ...field.pending);
			delete field.pending;
		}
	});
	document.addEventListener("change", (event) => {
		if (event.target.matches?.("#bd-scenes select[data-seen]") && isDirty(event.target)) save(event.target);
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
	window.addEventListener("beforeunload", (event) => {
		if (cards().some((card) => fieldsOf(card).some(isDirty))) event.preventDefault();
	});
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
				beside.innerHTML = "<p></p><div><button type=button class='vp-btn vp-small' data-again></button></div>";
				beside.querySelector("p").textContent = words({ 401: "out", 404: "gone" }[event.detail.xhr?.status] ?? "lost");
				beside.querySelector("button").textContent = words("again");
				showError(source, beside);
			} else if (source?.id === "bd-scenes") {
				board.toast(words("nomove"), "bad");
				board.putBack();
			}
		});
	}
	document.addEventListener("click", (event) => {
		const button = event.target.closest("[data-again], [data-keep-mine], [data-take-theirs]");
		if (!button) return;
		const beside = button.closest(".bd-beside");
		const field = beside.closest(".bd-card").querySelector(`[name="${beside.dataset.beside}"]`);
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
	function mergeFields(card, fresh) {
		for (const field of fieldsOf(card)) {
			const other = fresh.querySelector(`[name="${field.name}"]`);
			if (!other) continue;
			const value = was(other);
			if (field.dataset.sent !== undefined && field.dataset.sent.trim() === value.trim()) saved(field, value, other.dataset.seen);
			else if (other.dataset.seen === field.dataset.seen) continue;
			else if (field === document.activeElement && !isDirty(field)) field.pending = [value, other.dataset.seen];
			else if (!isDirty(field)) place(field, value, other.dataset.seen);
			field.readOnly = other.readOnly;
			field.disabled = other.disabled;
		}
	}

	function keepUnsaved(card) {
		const field = fieldsOf(card).find(isDirty);
		if (errorOf(field)) return;
		const beside = document.createElement("div");
		beside.className = "bd-beside";
		beside.dataset.beside = field.name;
		beside.dataset.scene = card.dataset.id;
		beside.setAttribute("role", "alert");
		beside.append(Object.assign(document.createElement("p"), { textContent: words("gone") }));
		showError(field, beside);
	}

	Object.assign(board, { fieldsOf, isDirty, keepUnsaved, mergeFields, showError });
})(window.studioBoard);
