/* The scenes of the story with their times, as the server has them, and how they are changed. */

import { post } from "../board/base.js";
import { keepFocus, whenFree } from "../studio/presses.js";
import { allowed } from "./clock.js";

const EVENT = "timeline";

export class Timeline extends EventTarget {
	constructor(root) {
		super();
		this.root = root;
		this.scenes = [];
		this.sounds = [];
		this.cards = [];
		this.opening = 0; // seconds of the title card, before the first scene
		this.length = 0; // seconds of the scenes
		this.seconds = 0; // seconds of the film, with its cards
		this.wished = 0;
		this.duck = 0;
	}

	async load() {
		const answer = await fetch(this.root.dataset.timelineUrl, {
			headers: { Accept: "application/json" },
		});
		if (!answer.ok) return;
		const found = await answer.json();
		whenFree(() => keepFocus(() => this.take(found)));
	}

	take(found) {
		Object.assign(this, {
			sounds: found.sounds,
			cards: found.cards,
			wished: found.wished,
			duck: found.duck,
			version: found.version,
		});
		this.place(found.scenes);
	}

	/* Times follow from the order and the lengths. */
	place(scenes) {
		this.opening = this.cards.find((card) => card.place === "title")?.seconds ?? 0;
		const closing = this.cards.find((card) => card.place === "end")?.seconds ?? 0;
		scenes.forEach((scene, index) => {
			scene.index = index;
		});
		const end = this.count(scenes);
		this.scenes = scenes;
		this.length = Math.round((end - this.opening) * 10) / 10;
		this.seconds = Math.round((end + closing) * 10) / 10;
		this.dispatchEvent(new Event(EVENT));
	}

	/* Sets when each scene begins, and returns when the last one ends. */
	count(scenes) {
		let start = this.opening;
		for (const scene of scenes) {
			scene.start = start;
			start += scene.seconds;
		}
		return start;
	}

	/* The card that is shown at this second, if any. */
	card(seconds) {
		const last = this.scenes.at(-1);
		if (!last) return null;
		const place =
			seconds < this.opening - 1e-6
				? "title"
				: seconds >= last.start + last.seconds - 1e-6
					? "end"
					: "";
		return this.cards.find((card) => card.place === place) ?? null;
	}

	onChange(call) {
		this.addEventListener(EVENT, call);
	}

	/* The scene that is shown at this second, found by halving. */
	at(seconds) {
		let [low, high] = [0, this.scenes.length - 1];
		while (low < high) {
			const middle = (low + high + 1) >> 1;
			if (this.scenes[middle].start <= seconds + 1e-6) low = middle;
			else high = middle - 1;
		}
		return this.scenes[low];
	}

	url(scene, path = "") {
		return `${this.root.dataset.base}${scene.id}/${path}`;
	}

	/* The board's own requests: their answers change the cards, and say what was refused. */
	send(url, values) {
		return post(url, values, this.root);
	}

	move(scene, to) {
		const rest = this.scenes.filter((one) => one !== scene);
		const place = Math.max(0, Math.min(rest.length, to));
		const after = rest[place - 1];
		if (place === scene.index) return false;
		rest.splice(place, 0, scene);
		this.place(rest);
		const board = document.getElementById("board");
		this.send(board.dataset.orderUrl, {
			move: `${scene.id}:${after?.id ?? ""}`,
			version: board.dataset.version,
		}).catch(() => this.load());
		return true;
	}

	resize(scene, seconds) {
		const length = allowed(seconds);
		if (length === scene.saved) return;
		this.send(this.url(scene, "edit/"), {
			duration_seconds: length,
			seen_duration_seconds: scene.seen,
		}).catch(() => this.load());
	}
}
