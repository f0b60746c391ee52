/* The board in the browser: order by mouse, touch and key; words saved on leaving a field; news merged without taking a focus
   or a half-typed text away. The server answers with one element, #bd-news, that says what is new; everything here reads that. */
(function () {
	"use strict";

	const FASTEST = 1500; // milliseconds between two looks while things change
	const SLOWEST = 12000;
	const TOAST = 8000;
	const $ = (id) => document.getElementById(id);
	const board = () => $("board");
	const list = () => $("bd-scenes");
	const cards = () => [...(list()?.children ?? [])].filter((child) => child.dataset.id && !child.classList.contains("sortable-fallback"));
	const words = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`%${key}`, value), $("bd-words").dataset[name]);
	const announce = (text) => { $("bd-announce").textContent = text; };
	const number = (card) => cards().indexOf(card) + 1;

	function post(url, values, source) {
		source ??= document.querySelector("#bd-live, #bd-panel-body");
		return htmx.ajax("POST", url, { source, swap: "none", values });
	}

	/* --- Fields: what stands there, what stood there, what the server knows */

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
				beside.querySelector("p").textContent = words(event.detail.xhr?.status === 404 ? "gone" : "lost");
				beside.querySelector("button").textContent = words("again");
				showError(source, beside);
			} else if (source?.id === "bd-scenes") {
				toast(words("nomove"), "bad");
				putBack();
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

	/* --- Merging: a card takes over what is new, but for what the person is in the middle of */

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

	function merge(card, fresh) {
		const had = card.classList.contains("bd-shell");
		card.dataset.mark = fresh.dataset.mark;
		card.dataset.keys = fresh.dataset.keys;
		if (had && !fresh.classList.contains("bd-shell")) {
			card.classList.remove("bd-shell");
			card.dataset.url = fresh.dataset.url;
			card.replaceChildren(...fresh.childNodes);
			return;
		}
		if (had) return;
		const locked = Boolean(card.querySelector("[data-grip]")) !== Boolean(fresh.querySelector("[data-grip]"));
		if (locked && !card.contains(document.activeElement) && !fieldsOf(card).some(isDirty)) {
			card.replaceChildren(...fresh.childNodes);
			return;
		}
		for (const part of fresh.querySelectorAll("[data-part]")) {
			const old = card.querySelector(`[data-part="${part.dataset.part}"]`);
			if (!old || old.outerHTML === part.outerHTML) continue;
			const [before, after] = [old.querySelector("img"), part.querySelector("img")];
			if (before && after && before.getAttribute("src") === after.getAttribute("src")) after.replaceWith(before); // no flicker
			old.replaceWith(part);
		}
		mergeFields(card, fresh);
	}

	function renumber() {
		cards().forEach((card, index) => {
			const n = index + 1;
			const shown = card.querySelector(".bd-n");
			if (!shown || shown.textContent === String(n)) return;
			shown.textContent = n;
			card.querySelector("[data-grip]")?.setAttribute("aria-label", words("move", { n }));
			card.querySelector("[data-pick]")?.setAttribute("aria-label", words("pick", { n }));
			card.querySelector("[data-menu]")?.setAttribute("aria-label", words("menu", { n }));
			const open = card.querySelector(".bd-open span");
			if (open) open.textContent = words("open", { n });
		});
	}

	/* The card with the focus stays where it is in the document, and the others go around it: moving it would take the focus away. */
	function arrange(ids) {
		const known = new Map(cards().map((card) => [card.dataset.id, card]));
		const wanted = new Set(ids);
		for (const [id, card] of known) {
			if (wanted.has(id)) continue;
			if (fieldsOf(card).some(isDirty)) keepUnsaved(card);
			else { card.remove(); picked.delete(id); }
		}
		const now = cards().map((card) => card.dataset.id).filter((id) => wanted.has(id));
		if (now.length === ids.length && now.every((id, index) => id === ids[index])) return;
		const rows = ids.map((id) => known.get(id)).filter(Boolean);
		const held = rows.find((card) => card.contains(document.activeElement));
		const middle = held ? rows.indexOf(held) : rows.length;
		for (const card of rows.slice(0, middle)) list().insertBefore(card, held ?? null);
		for (const card of rows.slice(middle + 1)) list().append(card);
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

	function read(news) {
		const content = news.querySelector("template").content;
		const root = board();
		const fresh = [...content.querySelectorAll("ol > .bd-card")];
		const known = new Map(cards().map((card) => [card.dataset.id, card]));
		for (const card of fresh) {
			const old = known.get(card.dataset.id);
			if (old) merge(old, card);
			else if (list()) { list().append(card); htmx.process(card); }
			else location.reload(); // the first scene of an empty board
		}
		if (news.dataset.ids !== undefined && list()) arrange(news.dataset.ids.split(",").filter(Boolean));
		if (news.dataset.version) {
			root.dataset.version = news.dataset.version;
			stable = cards().map((card) => card.dataset.id);
		}
		if (news.dataset.editable !== undefined) root.dataset.editable = news.dataset.editable;
		renumber();
		const bar = content.querySelector('[data-part="bar"]');
		if (bar && $("bd-bar")) {
			const focus = document.activeElement?.id;
			const inside = $("bd-bar").contains(document.activeElement);
			$("bd-bar").replaceWith(bar);
			bar.removeAttribute("data-part");
			if (inside && focus) $(focus)?.focus();
		}
		const status = content.querySelector('[data-part="status"]');
		if (status && $("bd-status") && $("bd-status").innerHTML !== status.innerHTML) $("bd-status").replaceChildren(...status.childNodes);
		const hint = content.querySelector('[data-part="hint"]');
		if (hint && $("bd-hint") && $("bd-hint").innerHTML !== hint.innerHTML) $("bd-hint").replaceChildren(...hint.childNodes);
		const counts = content.querySelector("[data-counts]");
		if (counts) showCounts(counts);
		for (const beside of content.querySelectorAll("[data-beside]")) {
			const field = document.querySelector(`#scene-${beside.dataset.scene} [name="${beside.dataset.beside}"]`);
			if (!field) continue;
			delete field.dataset.sent;
			showError(field, beside);
		}
		const said = content.querySelector("[data-toast]");
		if (said) show(said);
		const seen = panelBody()?.dataset.scene;
		if (seen && !sentForm && fresh.some((card) => card.dataset.id === seen)) refreshPanel();
		if (news.dataset.moving === "1") wake();
		filter();
		hydrate();
		if (news.dataset.focus) point($(`scene-${news.dataset.focus}`));
		if (news.dataset.more) look(0);
		if (said && !said.matches(".bd-bad, .bd-ask")) $("vp-dialog")?.close?.();
	}

	let waiting = [];
	document.addEventListener("htmx:oobAfterSwap", (event) => {
		if (event.detail.target?.id !== "bd-news") return;
		const news = $("bd-news");
		if (news.dataset.read) return; // htmx may tell of one swap more than once
		news.dataset.read = "1";
		if (!board()) {
			const said = news.querySelector("template").content.querySelector("[data-toast]");
			if (said) show(said);
			return;
		}
		if (dragging) waiting.push(news.cloneNode(true));
		else read(news);
	});

	function point(card) {
		if (!card) return;
		card.classList.remove("bd-flash");
		void card.offsetWidth;
		card.classList.add("bd-flash");
		const box = card.getBoundingClientRect();
		if (box.top < 0 || box.bottom > innerHeight) card.scrollIntoView({ block: "nearest", behavior: "smooth" });
	}

	/* --- What was said, with a way back */

	function toast(text, tone = "good") {
		const element = document.createElement("div");
		element.className = `bd-toast bd-${tone}`;
		element.append(Object.assign(document.createElement("span"), { textContent: text }));
		show(element);
	}

	function show(element) {
		const close = Object.assign(document.createElement("button"), { type: "button", className: "bd-x", textContent: "✕" });
		close.setAttribute("aria-label", words("close"));
		close.addEventListener("click", () => element.remove());
		element.append(close);
		const open = document.querySelector("dialog[open]");
		const home = open?.querySelector(".bd-toasts") ?? $("bd-toasts") ?? document.querySelector(".bd-toasts");
		home.replaceChildren(element);
		const stay = element.matches(".bd-ask, .bd-bad") ? 3 * TOAST : TOAST;
		const end = () => (element.matches(":hover, :focus-within") ? setTimeout(end, 2000) : element.remove());
		setTimeout(end, stay);
	}

	document.addEventListener("submit", (event) => {
		const form = event.target.closest("form[data-offer]");
		if (!form) return;
		event.preventDefault();
		const values = {};
		for (const [name, value] of new FormData(form)) (values[name] ??= []).push(value);
		values.whole = "1";
		form.closest(".bd-toast").remove();
		post(form.getAttribute("action"), values);
	});
	document.addEventListener("keydown", (event) => {
		if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey) return;
		if (event.target.matches?.("input:not([type=checkbox]), textarea, select")) return;
		const form = document.querySelector(".bd-toast form[data-offer]");
		if (!form) return;
		event.preventDefault();
		form.requestSubmit();
	});

	/* --- Order: one request says which scene goes behind which */

	let dragging = false;
	let dragged = 0;
	let stable = []; // the order that the server has

	function sendMoves(moves) {
		post(board().dataset.orderUrl, { move: moves.map(([id, after]) => `${id}:${after ?? ""}`), version: board().dataset.version, shown: "1" }, list());
	}

	/* A move that was not made is not shown either. */
	function putBack() {
		arrange(stable);
		renumber();
	}

	document.addEventListener("htmx:afterRequest", (event) => {
		const { requestConfig, xhr } = event.detail;
		if (requestConfig?.path === board()?.dataset.orderUrl && xhr.status >= 400 && $("bd-news").dataset.ids === undefined) putBack();
	});

	function before(card) {
		let other = card.previousElementSibling;
		while (other && !other.dataset.id) other = other.previousElementSibling;
		return other?.dataset.id;
	}

	/* A selected scene takes the other selected ones along. */
	function dropped(card) {
		renumber();
		if (!picked.has(card.dataset.id) || picked.size < 2) return sendMoves([[card.dataset.id, before(card)]]);
		const group = cards().filter((one) => picked.has(one.dataset.id) && one !== card);
		const moves = [[card.dataset.id, before(card)]];
		let last = card;
		for (const one of group) {
			last.after(one);
			moves.push([one.dataset.id, last.dataset.id]);
			last = one;
		}
		renumber();
		sendMoves(moves);
	}

	document.addEventListener("alpine:init", () => {
		Alpine.data("board", () => ({
			sorting: {
				handle: '[data-editable="1"] .bd-open, [data-editable="1"] .bd-grip',
				draggable: ".bd-card",
				filter: null,
				preventOnFilter: false,
				animation: 160,
				delay: 220,
				delayOnTouchOnly: true,
				touchStartThreshold: 5,
				forceFallback: true,
				fallbackTolerance: 6,
				scrollSensitivity: 90,
				scrollSpeed: 16,
				onStart() {
					dragging = true;
					document.body.classList.add("sorting");
				},
				onSort() {},
				onEnd(event) {
					dragging = false;
					dragged = Date.now();
					document.body.classList.remove("sorting");
					if (event.oldDraggableIndex !== event.newDraggableIndex) dropped(event.item);
					for (const news of waiting.splice(0)) read(news);
				},
			},
		}));
	});
	document.addEventListener("click", (event) => {
		if (event.target.closest?.(".bd-open") && Date.now() - dragged < 60) {
			event.preventDefault();
			event.stopImmediatePropagation();
		}
	}, true);

	/* By key: lift, move, put down. */
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
		dragging = false;
		for (const news of waiting.splice(0)) read(news);
	}

	document.addEventListener("keydown", (event) => {
		const grip = event.target.closest?.("[data-grip]");
		if (!grip) return;
		const card = grip.closest(".bd-card");
		if (event.key === " " || event.key === "Enter") {
			event.preventDefault();
			if (lifted) { putDown(true); grip.focus(); return; }
			lifted = { card, from: number(card) - 1, moving: false };
			dragging = true;
			card.classList.add("bd-lifted");
			announce(words("lifted", { n: number(card), p: number(card), c: cards().length }));
			return;
		}
		if (!lifted) return;
		const here = number(card) - 1;
		const to = { ArrowLeft: here - 1, ArrowRight: here + 1, ArrowUp: here - columns(), ArrowDown: here + columns(), Home: 0, End: cards().length - 1 }[event.key];
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
		if (lifted && !lifted.moving && event.target.closest?.("[data-grip]")) setTimeout(() => lifted && !lifted.card.contains(document.activeElement) && putDown(true), 0);
	});

	function step(card, where) {
		const all = cards();
		const rest = all.filter((one) => one !== card);
		const here = all.indexOf(card);
		const to = { earlier: Math.max(0, here - 1), later: Math.min(rest.length, here + 1), first: 0, last: rest.length }[where];
		if (to === here) return;
		if (to === 0) list().prepend(card);
		else rest[to - 1].after(card);
		renumber();
		announce(words("put", { p: to + 1, c: all.length }));
		sendMoves([[card.dataset.id, before(card)]]);
		point(card);
	}

	/* --- The menu of a scene */

	let menuCard = null;

	document.addEventListener("click", (event) => {
		const button = event.target.closest("[data-menu]");
		if (!button) return;
		const menu = $("bd-menu");
		menuCard = button.closest(".bd-card");
		menu.opener = button;
		const url = menuCard.dataset.url;
		menu.querySelectorAll("[data-act]").forEach((item) => item.setAttribute("formaction", `${url}do/${item.dataset.act}/`));
		menu.querySelector("[data-split]").href = `${url}split/`;
		const insert = menu.querySelector("[data-insert]");
		insert.href = `${insert.href.split("?")[0]}?after=${menuCard.dataset.id}`;
		menu.showPopover();
		const box = button.getBoundingClientRect();
		const size = menu.getBoundingClientRect();
		menu.style.left = `${Math.max(8, Math.min(innerWidth - size.width - 8, box.right - size.width))}px`;
		menu.style.top = `${box.bottom + size.height + 8 > innerHeight ? Math.max(8, box.top - size.height - 4) : box.bottom + 4}px`;
		menu.querySelector("[role=menuitem]").focus();
	});
	document.addEventListener("keydown", (event) => {
		const menu = event.target.closest?.("#bd-menu");
		if (!menu) return;
		const items = [...menu.querySelectorAll("[role=menuitem]")];
		const here = items.indexOf(document.activeElement);
		const to = { ArrowDown: (here + 1) % items.length, ArrowUp: (here - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
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
		if (event.target.id !== "bd-do" || !event.submitter) return;
		event.preventDefault();
		post(event.submitter.formAction, {});
	});

	/* --- Selection */

	const picked = new Set();

	function showPicked() {
		const bar = $("bd-selection");
		for (const card of cards()) {
			const on = picked.has(card.dataset.id);
			card.classList.toggle("bd-picked", on);
			const box = card.querySelector("[data-pick]");
			if (box) box.checked = on;
		}
		list()?.classList.toggle("bd-picking", picked.size > 0);
		bar.hidden = !picked.size;
		bar.querySelector("[data-selected]").textContent = words("selected", { n: picked.size });
		for (const link of bar.querySelectorAll("[data-with-selection]")) {
			const scenes = cards().filter((card) => picked.has(card.dataset.id)).map((card) => `scene=${card.dataset.id}`);
			link.href = `${link.href.split("?")[0]}?${scenes.join("&")}`;
		}
	}

	let lastPicked = null;
	document.addEventListener("click", (event) => {
		const box = event.target.closest?.("[data-pick]");
		if (!box) return;
		const card = box.closest(".bd-card");
		const all = cards();
		const range = event.shiftKey && lastPicked && all.includes(lastPicked) ? all.slice(Math.min(all.indexOf(lastPicked), all.indexOf(card)), Math.max(all.indexOf(lastPicked), all.indexOf(card)) + 1) : [card];
		for (const one of range) if (!one.hidden) picked[box.checked ? "add" : "delete"](one.dataset.id);
		lastPicked = card;
		showPicked();
	});
	document.addEventListener("click", (event) => {
		const target = event.target.closest?.("[data-pick-none], [data-pick-all], [data-many], [data-many-move]");
		if (!target) return;
		const chosen = cards().filter((card) => picked.has(card.dataset.id));
		if (target.matches("[data-pick-all]")) cards().forEach((card) => card.hidden || picked.add(card.dataset.id));
		else if (target.dataset.many) {
			post(board().dataset.manyUrl, { do: target.dataset.many, scene: chosen.map((card) => card.dataset.id) });
			picked.clear();
		} else if (target.dataset.manyMove) {
			const rest = cards().filter((card) => !picked.has(card.dataset.id));
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
		} else picked.clear();
		showPicked();
	});

	/* --- Filter */

	let shown = new URLSearchParams(location.search).get("state") ?? "";

	function filter() {
		let any = 0;
		for (const card of cards()) {
			card.hidden = Boolean(shown) && !card.dataset.keys.split(" ").includes(shown);
			any += !card.hidden;
		}
		const none = document.querySelector(".bd-none");
		if (none) none.hidden = any > 0;
		const all = document.querySelector("[data-pick-all]");
		if (all) all.hidden = !any;
	}

	function showCounts(counts) {
		const values = Object.fromEntries([...counts.children].map((item) => [item.dataset.name, item.textContent]));
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
		history.replaceState(null, "", shown ? `?state=${shown}` : location.pathname);
		filter();
		hydrate();
	});

	/* --- Shells become cards when they come near */

	let near = null;
	const asked = new Set();
	let gathering = null;

	function hydrate() {
		near ??= new IntersectionObserver((entries) => {
			for (const entry of entries) if (entry.isIntersecting) asked.add(entry.target);
			if (asked.size) gathering ??= setTimeout(fetchShells, 60);
		}, { rootMargin: "900px 0px" });
		for (const card of cards()) if (card.classList.contains("bd-shell")) near.observe(card);
	}

	function fetchShells() {
		gathering = null;
		const wanted = [...asked].filter((card) => card.isConnected && card.classList.contains("bd-shell") && !card.hidden).slice(0, 40);
		asked.forEach((card) => near.unobserve(card));
		asked.clear();
		if (wanted.length) htmx.ajax("GET", board().dataset.cardsUrl, { source: "#bd-live", swap: "none", values: { ids: wanted.map((card) => card.dataset.id).join(",") } }).then(hydrate);
	}

	/* --- Looking for news: quickly while things change, more slowly while they don't, not at all when nothing runs */

	let pause = FASTEST;
	let timer = null;
	let looking = false;

	function wake() {
		board().dataset.moving = "1";
		pause = FASTEST;
		if (!timer && !looking) look(pause);
	}

	function look(after) {
		clearTimeout(timer);
		timer = setTimeout(ask, after);
	}

	function ask() {
		timer = null;
		if (document.hidden || dragging || looking) return look(FASTEST);
		looking = true;
		const marks = cards().map((card) => `${card.dataset.id.replaceAll("-", "").slice(0, 12)}:${card.classList.contains("bd-shell") ? "~" : ""}${card.dataset.mark}`);
		post(board().dataset.liveUrl, { marks: marks.join(","), version: board().dataset.version, bar: $("bd-bar")?.dataset.mark ?? "" }, $("bd-live"));
	}

	document.addEventListener("htmx:afterRequest", (event) => {
		if (event.detail.elt?.id !== "bd-live" || event.detail.requestConfig?.path !== board()?.dataset.liveUrl) return;
		looking = false;
		const status = event.detail.xhr.status;
		if (status === 286) {
			board().dataset.moving = "";
			clearTimeout(timer);
			timer = null;
			return;
		}
		pause = status === 200 ? FASTEST : Math.min(SLOWEST, pause * 1.5);
		if (!timer) look(pause);
	});
	document.addEventListener("visibilitychange", () => document.hidden || !board() || look(0));
	window.addEventListener("focus", () => board() && look(200));

	/* --- The clip plays while the pointer is on its card */

	document.addEventListener("pointerover", (event) => {
		const media = event.target.closest?.(".bd-shot")?.querySelector("[data-clip]");
		if (!media || media.querySelector("video") || event.pointerType === "touch" || dragging) return;
		const video = Object.assign(document.createElement("video"), { src: media.dataset.clip, muted: true, loop: true, playsInline: true });
		video.setAttribute("aria-hidden", "true");
		media.append(video);
		video.play().catch(() => video.remove());
		media.closest(".bd-shot").addEventListener("pointerleave", () => video.remove(), { once: true });
	});

	/* --- The scene beside the board: takes, comparing two of them, comments */

	let panelOpener = null;

	function panelBody() {
		return $("bd-panel-body");
	}

	function openPanel(url, link) {
		const panel = $("bd-panel");
		if (!panel) return false;
		if (!panel.open) panelOpener = link;
		htmx.ajax("GET", url, { source: "#bd-live", target: panel, swap: "innerHTML" }).then(() => {
			if (!panelBody()) return;
			if (!panel.open) panel.showModal();
			const anchor = new URL(url, location).hash;
			if (anchor) panel.querySelector(anchor)?.scrollIntoView();
			else panel.scrollTop = 0;
		});
		return true;
	}

	document.addEventListener("click", (event) => {
		const link = event.target.closest?.("a[data-panel], a[data-panel-go]");
		if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
		if (openPanel(link.href, link)) event.preventDefault();
	});
	document.addEventListener("click", (event) => {
		if (event.target.id === "bd-panel") event.target.close();
	});
	document.addEventListener("close", (event) => {
		if (event.target.id !== "bd-panel") return;
		const card = panelBody()?.dataset.scene;
		event.target.replaceChildren();
		const back = document.contains(panelOpener) ? panelOpener : document.querySelector(`#scene-${card} .bd-open`);
		back?.focus();
		point($(`scene-${card}`));
	}, true);
	document.addEventListener("keydown", (event) => {
		if (!$("bd-panel")?.open || event.target.matches?.("input, textarea, select, video")) return;
		const name = { ArrowLeft: "before", ArrowRight: "after" }[event.key];
		const link = name && panelBody()?.querySelector(`[data-panel-go="${name}"]`);
		if (link) link.click();
	});

	/* What is half typed in the panel stays when the panel is made anew. */
	function keepTyped(body, sent) {
		const kept = [];
		for (const field of body.querySelectorAll("textarea, input:not([type=hidden], [type=range], [type=file], [type=checkbox])")) {
			if (sent?.contains(field) || field.value === field.defaultValue) continue;
			const form = field.closest("form");
			kept.push([form.getAttribute("action"), field.name, field.value, field === document.activeElement, field.closest("details")?.open]);
		}
		return kept;
	}

	function putTyped(body, kept) {
		for (const [action, name, value, focus, open] of kept) {
			const field = body.querySelector(`form[action="${action}"] [name="${name}"]`);
			if (!field) continue;
			field.value = value;
			if (open) field.closest("details").open = true;
			if (focus) field.focus();
		}
	}

	let sentForm = null;
	document.addEventListener("htmx:beforeRequest", (event) => {
		sentForm = event.detail.elt?.closest?.("#bd-panel-body form") ?? null;
	});
	let typed = null;
	document.addEventListener("htmx:oobBeforeSwap", (event) => {
		if (event.detail.target?.id === "bd-panel-body") typed = [keepTyped(event.detail.target, sentForm), $("bd-panel")?.scrollTop, wiped()];
	});
	document.addEventListener("htmx:oobAfterSwap", (event) => {
		if (event.detail.target?.id !== "bd-panel-body" || !typed) return;
		putTyped(panelBody(), typed[0]);
		if ($("bd-panel")) $("bd-panel").scrollTop = typed[1];
		rewipe(typed[2]);
		typed = null;
		if (!document.activeElement || document.activeElement === document.body) panelBody().querySelector("[data-close]")?.focus();
	});

	function refreshPanel() {
		const body = panelBody();
		if (!body) return;
		const url = body.dataset.url;
		htmx.ajax("GET", url, { source: document.querySelector("#bd-live") ?? body, swap: "none", values: { again: "1" } });
	}

	/* A and B */
	function wiped() {
		const figure = document.querySelector("[data-wipe]");
		if (!figure) return null;
		const side = (name) => panelBody().querySelector(`[data-side-${name}][aria-pressed=true]`)?.closest("[data-take]").dataset.take;
		return { on: figure.dataset.on === "1", a: side("a"), b: side("b"), at: figure.style.getPropertyValue("--at") };
	}

	function rewipe(was) {
		const figure = document.querySelector("[data-wipe]");
		if (!was || !figure) return;
		for (const name of ["a", "b"]) {
			const take = was[name] && $(`take-${was[name]}`);
			if (was.on && take) setSide(take, name);
		}
		if (was.on) turnWipe(true);
		if (was.at) figure.style.setProperty("--at", was.at);
	}

	function setSide(take, name) {
		const figure = document.querySelector("[data-wipe]");
		const shown = figure.querySelector(`[data-side=${name}]`);
		if (!shown) return;
		if (shown.getAttribute("src") !== take.dataset.large) shown.src = take.dataset.large;
		for (const button of panelBody().querySelectorAll(`[data-side-${name}]`)) button.setAttribute("aria-pressed", String(take.contains(button)));
	}

	function turnWipe(on) {
		const figure = document.querySelector("[data-wipe]");
		figure.dataset.on = on ? "1" : "";
		figure.querySelectorAll("[data-side=b], .bd-wipe-line, .bd-wipe-name, input").forEach((part) => { part.hidden = !on; });
		panelBody().querySelector("[data-wipe-on]")?.setAttribute("aria-pressed", String(on));
	}

	document.addEventListener("click", (event) => {
		const button = event.target.closest?.("[data-wipe-on], [data-side-a], [data-side-b]");
		if (!button) return;
		const figure = document.querySelector("[data-wipe]");
		if (button.matches("[data-wipe-on]")) return turnWipe(figure.dataset.on !== "1");
		setSide(button.closest("[data-take]"), button.matches("[data-side-a]") ? "a" : "b");
		if (button.matches("[data-side-b]")) turnWipe(true);
		figure.scrollIntoView({ block: "nearest", behavior: "smooth" });
	});
	document.addEventListener("input", (event) => {
		if (!event.target.matches("[data-wipe-at]")) return;
		event.target.closest("[data-wipe]").style.setProperty("--at", `${event.target.value}%`);
	});
	for (const name of ["play", "pause", "seeked"]) {
		document.addEventListener(name, (event) => {
			const video = event.target;
			if (!video.matches?.("video[data-side=a]")) return;
			const other = video.parentElement.querySelector("video[data-side=b]:not([hidden])");
			if (!other) return;
			other.currentTime = video.currentTime;
			if (name === "play") other.play();
			if (name === "pause") other.pause();
		}, true);
	}

	/* --- Begin */

	document.addEventListener("DOMContentLoaded", () => {
		if (!board()) setInterval(() => !document.hidden && panelBody()?.dataset.running && refreshPanel(), 4000);
		if (!board() || !list()) return;
		stable = cards().map((card) => card.dataset.id);
		filter();
		hydrate();
		if (board().dataset.moving) wake();
		const top = document.querySelector(".bd-top");
		new IntersectionObserver(([entry]) => top.classList.toggle("bd-stuck", !entry.isIntersecting), { rootMargin: "-1px 0px 0px" }).observe(document.querySelector(".bd-head"));
	});
})();
