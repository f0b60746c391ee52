/* The mask of an edited picture: drawn over it by pointer, or a rectangle by numbers. What is drawn
   is kept as shapes in thousandths of the picture, so that it fits the picture in any size. */

const PARTS = 1000;
const form = document.querySelector("[data-mask-form]");
const canvas = document.querySelector("[data-mask-canvas]");
const kept = form?.querySelector("[data-mask]");
let shapes = [];

function read() {
	try {
		const found = JSON.parse(kept.value || "[]");
		return Array.isArray(found) ? found : [];
	} catch {
		return [];
	}
}

function keep() {
	kept.value = shapes.length ? JSON.stringify(shapes) : "";
	draw();
}

function rectangle() {
	const side = (name) => Number.parseFloat(form.querySelector(`[data-mask-side="${name}"]`).value);
	const [left, top, width, height] = ["left", "top", "width", "height"].map(side);
	return [left, top, width, height].every(Number.isFinite) ? [left, top, width, height] : null;
}

function draw() {
	const box = canvas.getBoundingClientRect();
	canvas.width = Math.max(1, Math.round(box.width));
	canvas.height = Math.max(1, Math.round(box.height));
	const pen = canvas.getContext("2d");
	pen.strokeStyle = pen.fillStyle = "#ff2d78";
	pen.lineCap = pen.lineJoin = "round";
	for (const shape of shapes) {
		const at = ([x, y]) => [(x * canvas.width) / PARTS, (y * canvas.height) / PARTS];
		pen.lineWidth = (shape.brush * canvas.width) / PARTS;
		pen.beginPath();
		pen.moveTo(...at(shape.points[0]));
		for (const point of shape.points) pen.lineTo(...at(point));
		pen.stroke();
	}
	const sides = rectangle();
	if (!sides) return;
	const [x, y, width, height] = sides.map(
		(part, n) => (part / 100) * (n % 2 ? canvas.height : canvas.width),
	);
	pen.fillRect(x, y, width, height);
}

function pointOf(event) {
	const box = canvas.getBoundingClientRect();
	const part = (value, from, length) =>
		Math.round(Math.min(1, Math.max(0, (value - from) / length)) * PARTS);
	return [part(event.clientX, box.left, box.width), part(event.clientY, box.top, box.height)];
}

function begin(event) {
	if (event.button) return;
	canvas.setPointerCapture(event.pointerId);
	const brush = Number(form.querySelector("[data-mask-brush]").value);
	shapes.push({ points: [pointOf(event)], brush });
	keep();
}

function goOn(event) {
	if (!canvas.hasPointerCapture(event.pointerId)) return;
	const { points } = shapes.at(-1);
	const point = pointOf(event);
	const [x, y] = points.at(-1);
	if (Math.hypot(point[0] - x, point[1] - y) < 6) return;
	points.push(point);
	keep();
}

if (form && canvas?.parentElement.querySelector("img")) {
	canvas.hidden = false;
	form.querySelector("[data-mask-tools]").hidden = false;
	shapes = read();
	canvas.addEventListener("pointerdown", begin);
	canvas.addEventListener("pointermove", goOn);
	form.querySelector("[data-mask-undo]").addEventListener("click", () => {
		shapes.pop();
		keep();
	});
	form.querySelector("[data-mask-clear]").addEventListener("click", () => {
		shapes = [];
		for (const side of form.querySelectorAll("[data-mask-side]")) side.value = "";
		keep();
	});
	form.addEventListener("input", (event) => {
		if (event.target.matches("[data-mask-side]")) draw();
	});
	new ResizeObserver(draw).observe(canvas);
	draw();
}
