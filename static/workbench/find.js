/* What is looked for, and how the scenes are shown: both stand in the address. */

import { emptyUnseen } from "../board/shells.js";

const MOST = 60; // tiles of one state

const params = () => new URLSearchParams(location.search);

export class Find {
	constructor(timeline, texts) {
		Object.assign(this, { timeline, texts });
		this.board = document.getElementById("board");
		this.field = document.getElementById("wb-q");
		this.none = document.getElementById("wb-none");
		this.states = document.getElementById("wb-states");
		this.field.form.addEventListener("submit", (event) => event.preventDefault());
		this.field.addEventListener("input", () => {
			this.keep("q", this.field.value.trim());
			this.show();
		});
		document.addEventListener("click", (event) => {
			const view = event.target.closest("a[data-view]");
			if (view && !event.ctrlKey && !event.metaKey) {
				event.preventDefault();
				this.choose(view);
			}
			/* The filter by state writes the address anew; what is looked for stays in it. */
			if (event.target.closest("[data-filter]")) setTimeout(() => this.keepBoth());
		});
		timeline.onChange(() => this.show());
		new MutationObserver(() => this.later()).observe(
			document.getElementById("bd-scenes") ?? this.board,
			{ childList: true },
		);
	}

	keep(name, value) {
		const found = params();
		if (value) found.set(name, value);
		else found.delete(name);
		history.replaceState(null, "", found.size ? `?${found}` : location.pathname);
	}

	keepBoth() {
		this.keep("q", this.field.value.trim());
		this.keep("view", this.board.dataset.view);
	}

	choose(link) {
		emptyUnseen();
		this.board.dataset.view = link.dataset.view;
		for (const one of document.querySelectorAll("a[data-view]")) {
			if (one === link) one.setAttribute("aria-current", "true");
			else one.removeAttribute("aria-current");
		}
		this.keep("view", link.dataset.view);
		this.show();
	}

	later() {
		this.waiting ??= setTimeout(() => {
			this.waiting = null;
			this.show();
		}, 100);
	}

	matches(scene, words) {
		const text = `${scene.index + 1} ${scene.title} ${scene.words} ${scene.shows}`
			.toLowerCase()
			.normalize("NFC");
		return words.every((word) => text.includes(word));
	}

	show() {
		const words = this.field.value.toLowerCase().normalize("NFC").split(/\s+/).filter(Boolean);
		const found = words.length
			? new Set(
					this.timeline.scenes
						.filter((scene) => this.matches(scene, words))
						.map((scene) => scene.id),
				)
			: null;
		for (const card of document.querySelectorAll("#bd-scenes > [data-id]"))
			card.classList.toggle("wb-other", Boolean(found) && !found.has(card.dataset.id));
		this.none.hidden = !found || found.size > 0;
		const byState = this.board.dataset.view === "state";
		this.states.hidden = !byState;
		if (byState) this.group(found);
		else this.states.replaceChildren();
	}

	group(found) {
		const columns = [...document.querySelectorAll(".bd-filters a[data-filter]")].filter(
			(link) => link.dataset.filter && !link.dataset.filter.startsWith("cast-"),
		);
		const made = columns.map((link) => {
			const scenes = this.timeline.scenes.filter(
				(scene) =>
					scene.keys.split(" ")[0] === link.dataset.filter && (!found || found.has(scene.id)),
			);
			if (!scenes.length) return null;
			const column = document.createElement("section");
			const list = document.createElement("ul");
			column.append(
				Object.assign(document.createElement("h3"), {
					textContent: `${link.firstChild.textContent.trim()} ${scenes.length}`,
				}),
				list,
			);
			for (const scene of scenes.slice(0, MOST)) list.append(this.tile(scene));
			if (scenes.length > MOST) {
				const more = Object.assign(document.createElement("a"), {
					href: link.href,
					className: "bd-link",
					textContent: `+${scenes.length - MOST}`,
				});
				const item = document.createElement("li");
				item.append(more);
				list.append(item);
			}
			return column;
		});
		this.states.replaceChildren(...made.filter(Boolean));
	}

	tile(scene) {
		const item = document.createElement("li");
		const link = Object.assign(document.createElement("a"), { href: this.timeline.url(scene) });
		link.dataset.panel = "";
		if (scene.thumb)
			link.append(
				Object.assign(document.createElement("img"), {
					src: scene.thumb,
					alt: "",
					loading: "lazy",
					decoding: "async",
				}),
			);
		link.append(
			Object.assign(document.createElement("b"), { textContent: String(scene.index + 1) }),
			Object.assign(document.createElement("span"), {
				textContent: scene.title || this.texts("untitled"),
			}),
		);
		item.append(link);
		return item;
	}
}
