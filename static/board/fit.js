/* A file that is chosen for an upload: its kind and size are looked at here, and what the film
   would cut off is said and shown before it is sent. */

const SAME = 0.97; // of the picture that the film shows; beyond it nothing is said of its shape

function measure(file) {
	const url = URL.createObjectURL(file);
	return new Promise((tell) => {
		const isPicture = file.type.startsWith("image/");
		const element = document.createElement(isPicture ? "img" : "video");
		const done = (width, height) => {
			if (!isPicture) URL.revokeObjectURL(url);
			tell({ width, height, url: isPicture ? url : "" });
		};
		element.onerror = () => done(0, 0);
		if (isPicture) element.onload = () => done(element.naturalWidth, element.naturalHeight);
		else element.onloadedmetadata = () => done(element.videoWidth, element.videoHeight);
		element.src = url;
	});
}

const fill = (text, values) =>
	Object.entries(values).reduce(
		(said, [name, value]) => said.replaceAll(`%${name}`, value),
		text.replaceAll("%%", "%"),
	);

const MEGABYTE = 1024 * 1024;

/* Why the studio would not take the file; empty if nothing speaks against it. */
function refusal(file, accept, said) {
	const fits = accept
		.split(",")
		.some((one) => one === file.type || file.name.toLowerCase().endsWith(one));
	if (!fits) return said.otherKind;
	if (!file.size) return said.empty;
	if (file.size > Number(said.most))
		return fill(said.tooLarge, {
			n: Math.ceil(file.size / MEGABYTE),
			m: Number(said.most) / MEGABYTE,
		});
	return "";
}

document.addEventListener("change", async (event) => {
	const field = event.target;
	const place = field.matches?.("form[data-upload] input[type=file]")
		? field.closest("form").querySelector("[data-fit]")
		: null;
	if (!place) return;
	place.replaceChildren();
	place.hidden = true;
	field.setCustomValidity("");
	if (!field.files[0]) return;
	const refused = refusal(field.files[0], field.accept, place.dataset);
	if (refused) {
		field.setCustomValidity(refused);
		place.append(Object.assign(document.createElement("p"), { textContent: refused }));
		place.hidden = false;
		return;
	}
	const { width, height, url } = await measure(field.files[0]);
	if (!width || !field.files[0]) return;
	const [filmWidth, filmHeight] = [Number(place.dataset.width), Number(place.dataset.height)];
	const scale = Math.max(filmWidth / width, filmHeight / height);
	const shown = (filmWidth * filmHeight) / (width * height * scale * scale);
	const values = {
		w: width,
		h: height,
		W: filmWidth,
		H: filmHeight,
		r: place.dataset.ratio,
		p: Math.round(100 * (1 - shown)),
	};
	const lines = [];
	if (shown < SAME) lines.push(fill(place.dataset.other, values));
	if (scale > 1) lines.push(fill(place.dataset.small, values));
	for (const line of lines)
		place.append(Object.assign(document.createElement("p"), { textContent: line }));
	if (shown < SAME && url) {
		const picture = Object.assign(document.createElement("img"), { src: url, alt: "" });
		picture.style.aspectRatio = `${filmWidth} / ${filmHeight}`;
		place.append(picture);
	}
	place.hidden = !lines.length;
});
