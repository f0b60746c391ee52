/* The strip: one block for each scene, as wide as it is long. Only the blocks in sight are in the page. */

import { allowed, clock } from "./clock.js";

const LEAST = 54; // pixels of the mean scene at least, before the strip scrolls
const MARGIN = 400; // pixels beside what is in sight that are drawn as well
const DRAG = 6; // pixels after which a press is a drag
const MOST_ZOOM = 12;

export class Strip {
	constructor(root, timeline, player, texts) {
		Object.assign(this, { root, timeline, player, texts });
		const find = (name) => root.querySelector(`[data-wb-${name}]`);
		this.box = find("strip");
		this.track = find("track");
		this.head = find("head");
		this.zoom = find("zoom");
		this.length = find("length");
		this.drawn = new Map(); // id of the scene: its block
		this.marker = Object.assign(document.createElement("i"), {
			className: "wb-drop",
			hidden: true,
		});
		this.track.append(this.marker);
		this.box.addEventListener("scroll", () => this.later(), { passive: true });
		this.zoom.addEventListener("input", () => this.layout());
		new ResizeObserver(() => this.layout()).observe(this.box);
		timeline.onChange(() => this.layout());
		player.addEventListener("time", (event) => this.follow(event.detail));
		this.box.addEventListener("pointerdown", (event) => this.press(event));
		this.box.addEventListener("keydown", (event) => this.key(event));
		this.box.addEventListener(
			"dblclick",
			(event) => event.target.closest(".wb-block") && this.open(),
		);
	}

	get chosen() {
		return this.player.scene;
	}

	layout() {
		const { scenes, seconds, length, wished } = this.timeline;
		const room = this.box.clientWidth;
		if (!room || !scenes.length) {
			for (const block of this.drawn.values()) block.remove();
			this.drawn.clear();
			return;
		}
		const fit = Math.max(
			room / Math.max(seconds, 1),
			(LEAST * scenes.length) / Math.max(seconds, 1),
		);
		this.perSecond = fit * MOST_ZOOM ** (Number(this.zoom.value) / 100);
		this.track.style.width = `${Math.max(room, seconds * this.perSecond)}px`;
		this.length.textContent =
			length === wished ? clock(length) : this.texts("of", { a: clock(length), b: clock(wished) });
		this.length.classList.toggle("wb-off", length !== wished);
		this.draw();
		this.place();
	}

	later() {
		this.waiting ??= requestAnimationFrame(() => {
			this.waiting = null;
			this.draw();
		});
	}

	draw() {
		if (!this.perSecond) return;
		const first = this.timeline.at(Math.max(0, (this.box.scrollLeft - MARGIN) / this.perSecond));
		if (!first) return;
		const end = (this.box.scrollLeft + this.box.clientWidth + MARGIN) / this.perSecond;
		const seen = new Set();
		for (let at = first.index; at < this.timeline.scenes.length; at += 1) {
			const scene = this.timeline.scenes[at];
			if (scene.start > end) break;
			seen.add(scene.id);
			this.block(scene);
		}
		for (const [id, block] of this.drawn) {
			if (seen.has(id)) continue;
			block.remove();
			this.drawn.delete(id);
		}
		this.mark();
	}

	block(scene) {
		let block = this.drawn.get(scene.id);
		if (!block) {
			block = document.createElement("div");
			block.className = "wb-block";
			block.id = `wb-block-${scene.id}`;
			block.setAttribute("role", "option");
			block.dataset.id = scene.id;
			block.innerHTML =
				'<img alt="" loading="lazy" decoding="async" draggable="false"><b></b><span></span><i class="wb-state"></i><i class="wb-edge"></i>';
			this.drawn.set(scene.id, block);
			this.track.append(block);
		}
		const [img, number, length] = block.children;
		block.style.left = `${scene.start * this.perSecond}px`;
		block.style.width = `${Math.max(4, scene.seconds * this.perSecond - 2)}px`;
		const looks = `${scene.n}|${scene.seconds}|${scene.thumb}|${scene.tone}|${scene.state}|${scene.warns}|${scene.mayEdit}|${this.timeline.scenes.length}`;
		if (block.dataset.looks === looks && block.dataset.title === scene.title) return;
		block.dataset.looks = looks;
		block.dataset.title = scene.title;
		block.dataset.tone = scene.tone;
		block.classList.toggle("wb-warns", scene.warns);
		block.classList.toggle("wb-fixed", !scene.mayEdit);
		img.hidden = !scene.thumb;
		if (scene.thumb && img.getAttribute("src") !== scene.thumb) img.src = scene.thumb;
		number.textContent = String(scene.index + 1);
		length.textContent = this.texts("seconds", { n: scene.seconds });
		block.setAttribute("aria-setsize", String(this.timeline.scenes.length));
		block.setAttribute("aria-posinset", String(scene.index + 1));
		const name = `${this.texts("scene", { n: scene.index + 1 })}, ${scene.title || this.texts("untitled")}, ${this.texts("seconds", { n: scene.seconds })}, ${scene.state}`;
		block.setAttribute("aria-label", name);
		block.title = name;
	}

	/* The block at the playhead is the chosen one. */
	mark() {
		for (const block of this.drawn.values())
			block.setAttribute("aria-selected", String(block.dataset.id === this.chosen?.id));
		const own = this.chosen && this.drawn.get(this.chosen.id);
		if (own) this.box.setAttribute("aria-activedescendant", own.id);
		else this.box.removeAttribute("aria-activedescendant");
	}

	place() {
		this.head.style.transform = `translateX(${this.player.at * (this.perSecond || 0)}px)`;
	}

	follow({ changed }) {
		this.place();
		if (!changed) return;
		this.mark();
		this.intoSight();
	}

	intoSight() {
		const scene = this.chosen;
		if (!scene || !this.perSecond || this.dragging) return;
		const [left, right] = [
			scene.start * this.perSecond,
			(scene.start + scene.seconds) * this.perSecond,
		];
		const { scrollLeft, clientWidth } = this.box;
		if (left >= scrollLeft && right <= scrollLeft + clientWidth) return;
		this.box.scrollLeft = Math.max(0, left - clientWidth / 3);
		this.draw();
	}

	open() {
		this.root.querySelector("[data-wb-open]").click();
	}

	choose(index) {
		const scene =
			this.timeline.scenes[Math.max(0, Math.min(this.timeline.scenes.length - 1, index))];
		if (!scene) return;
		this.player.pause();
		this.player.go(scene.start);
	}

	key(event) {
		const scene = this.chosen;
		if (!scene || event.ctrlKey || event.metaKey) return;
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (step && event.altKey) {
			if (!scene.mayArrange) return void this.say(this.texts("locked"));
			event.preventDefault();
			if (!this.timeline.move(scene, scene.index + step)) return;
			this.player.go(scene.start);
			this.say(this.texts("moved", { p: scene.index + 1, c: this.timeline.scenes.length }));
		} else if (step && event.shiftKey) {
			event.preventDefault();
			if (!scene.mayEdit) return void this.say(this.texts("locked"));
			this.resize(scene, scene.seconds + step);
			clearTimeout(this.saving);
			this.saving = setTimeout(() => this.timeline.resize(scene, scene.seconds), 500);
			this.say(this.texts("length", { n: scene.seconds }));
		} else if (step) {
			event.preventDefault();
			this.choose(scene.index + step);
		} else if (event.key === "Home" || event.key === "End") {
			event.preventDefault();
			this.choose(event.key === "Home" ? 0 : this.timeline.scenes.length - 1);
		} else if (event.key === "Enter") {
			event.preventDefault();
			this.open();
		}
	}

	say(text) {
		document.getElementById("bd-announce").textContent = text;
	}

	resize(scene, seconds) {
		scene.saved ??= scene.seconds;
		scene.seconds = allowed(seconds);
		const { scenes } = this.timeline;
		const { perSecond } = this;
		this.timeline.place(scenes);
		if (this.dragging) this.perSecond = perSecond;
	}

	press(event) {
		const block = event.target.closest(".wb-block");
		if (event.button || !this.perSecond) return;
		const scene = block && this.timeline.scenes.find((one) => one.id === block.dataset.id);
		const begin = { x: event.clientX, scroll: this.box.scrollLeft };
		const edge = Boolean(event.target.closest(".wb-edge")) && scene?.mayEdit;
		const length = scene?.seconds;
		let moved = false;
		let place = null;
		const secondsAt = (x) =>
			(x - this.box.getBoundingClientRect().left + this.box.scrollLeft) / this.perSecond;
		const move = (now) => {
			const by = now.clientX - begin.x;
			if (!moved && Math.abs(by) < DRAG) return;
			if (!moved && scene && !edge && (event.pointerType === "touch" || !scene.mayArrange))
				return stop();
			moved = true;
			this.dragging = true;
			if (edge) {
				scene.saved ??= length;
				const pulled = length + by / this.perSecond;
				scene.seconds = allowed(now.shiftKey ? pulled : Math.round(pulled));
				this.timeline.count(this.timeline.scenes);
				this.draw();
				return;
			}
			if (!scene) return;
			block.classList.add("wb-lifted");
			block.style.translate = `${by + this.box.scrollLeft - begin.scroll}px 0`;
			const at = secondsAt(now.clientX);
			place = this.timeline.scenes.filter(
				(one) => one !== scene && one.start + one.seconds / 2 < at,
			).length;
			const rest = this.timeline.scenes.filter((one) => one !== scene);
			const before = rest[place - 1];
			this.marker.hidden = false;
			const put = before ? before.start + before.seconds : this.timeline.opening;
			this.marker.style.left = `${put * this.perSecond - 2}px`;
			const bounds = this.box.getBoundingClientRect();
			if (now.clientX < bounds.left + 40) this.box.scrollLeft -= 16;
			if (now.clientX > bounds.right - 40) this.box.scrollLeft += 16;
		};
		const stop = () => {
			removeEventListener("pointermove", move);
			removeEventListener("pointerup", up);
			removeEventListener("pointercancel", cancel);
			this.dragging = false;
			this.marker.hidden = true;
			block?.classList.remove("wb-lifted");
			if (block) block.style.translate = "";
		};
		const cancel = () => {
			stop();
			if (edge && moved) scene.seconds = length;
			this.timeline.place(this.timeline.scenes);
		};
		const up = (now) => {
			stop();
			if (!moved) this.player.go(secondsAt(now.clientX));
			else if (edge) {
				this.timeline.place(this.timeline.scenes);
				this.timeline.resize(scene, scene.seconds);
			} else if (place !== null) this.timeline.move(scene, place);
		};
		addEventListener("pointermove", move);
		addEventListener("pointerup", up);
		addEventListener("pointercancel", cancel);
	}
}
