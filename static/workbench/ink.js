/* Drawings over the frame. Points are from 0 to 1 of its width and height, so they keep their place at any size. */

const NAME = "http://www.w3.org/2000/svg";
const NEAR = 0.004; // how far the pointer goes before a point is kept
const MOST_POINTS = 3900; // of one drawing; the server takes 4000
const MOST_STROKES = 60;

const clamp = (value) => Math.max(0, Math.min(1, Math.round(value * 10000) / 10000));

export class Ink {
	constructor(video) {
		this.video = video;
		this.svg = document.querySelector("[data-ink]");
		this.form = document.querySelector("[data-say]");
		this.field = this.form?.querySelector("[data-drawing-field]");
		this.strokes = [];
		this.place();
		new ResizeObserver(() => this.place()).observe(video);
		video.addEventListener("loadedmetadata", () => this.place());
		if (this.field) this.arm();
	}

	/* The drawing lies over the picture itself, not over the bars beside it. */
	place() {
		const [width, height] = [this.video.clientWidth, this.video.clientHeight];
		const ratio =
			(this.video.videoWidth || this.video.width) / (this.video.videoHeight || this.video.height) ||
			width / height;
		const wide = Math.min(width, height * ratio);
		const high = wide / ratio;
		Object.assign(this.svg.style, {
			width: `${wide}px`,
			height: `${high}px`,
			left: `${this.video.offsetLeft + (width - wide) / 2}px`,
			top: `${this.video.offsetTop + (height - high) / 2}px`,
		});
	}

	arm() {
		const [pen, undo] = [
			this.form.querySelector("[data-pen]"),
			this.form.querySelector("[data-unpen]"),
		];
		this.form.querySelector("[data-pens]").hidden = false;
		this.pen = pen;
		this.undo = undo;
		pen.addEventListener("click", () => this.turn(pen.getAttribute("aria-pressed") !== "true"));
		undo.addEventListener("click", () => {
			this.strokes.pop();
			this.keep();
		});
		this.svg.addEventListener("pointerdown", (event) => this.draw(event));
		document.addEventListener(
			"htmx:afterRequest",
			(event) => event.detail.elt === this.form && event.detail.successful && this.clear(),
		);
	}

	turn(on) {
		if (on) {
			this.video.pause();
			this.show(this.strokes);
		}
		this.pen.setAttribute("aria-pressed", String(on));
		this.svg.classList.toggle("rv-drawing", on);
	}

	clear() {
		this.strokes = [];
		this.keep();
		this.turn(false);
	}

	keep() {
		this.field.value = this.strokes.length ? JSON.stringify(this.strokes) : "";
		this.undo.hidden = !this.strokes.length;
		this.show(this.strokes);
	}

	at(event) {
		const box = this.svg.getBoundingClientRect();
		return [
			clamp((event.clientX - box.left) / box.width),
			clamp((event.clientY - box.top) / box.height),
		];
	}

	draw(event) {
		if (
			!this.svg.classList.contains("rv-drawing") ||
			event.button ||
			this.strokes.length >= MOST_STROKES
		)
			return;
		event.preventDefault();
		this.svg.setPointerCapture(event.pointerId);
		const stroke = [this.at(event)];
		this.strokes.push(stroke);
		const count = this.strokes.reduce((sum, one) => sum + one.length, 0);
		const move = (now) => {
			const point = this.at(now);
			const [x, y] = stroke.at(-1);
			if (Math.hypot(point[0] - x, point[1] - y) < NEAR || count + stroke.length > MOST_POINTS)
				return;
			stroke.push(point);
			this.show(this.strokes);
		};
		const end = () => {
			this.svg.removeEventListener("pointermove", move);
			if (stroke.length === 1) stroke.push([clamp(stroke[0][0] + 0.002), stroke[0][1]]); // a dot
			this.keep();
		};
		this.svg.addEventListener("pointermove", move);
		this.svg.addEventListener("pointerup", end, { once: true });
		this.svg.addEventListener("pointercancel", end, { once: true });
	}

	show(strokes) {
		this.svg.replaceChildren(
			...strokes.map((points) => {
				const line = document.createElementNS(NAME, "polyline");
				line.setAttribute("points", points.map((point) => point.join(",")).join(" "));
				return line;
			}),
		);
	}

	hide() {
		if (!this.svg.classList.contains("rv-drawing")) this.show([]);
	}
}
