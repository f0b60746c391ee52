/* A file that is chosen for an upload: its size is read here, and what the film would cut off is said and shown before it is sent. */
(function () {
	"use strict";

	const SAME = 0.97; // of the picture that the film shows; beyond it nothing is said of its shape

	function measure(file) {
		const url = URL.createObjectURL(file);
		return new Promise((tell) => {
			const isPicture = file.type.startsWith("image/");
			const element = document.createElement(isPicture ? "img" : "video");
			const done = (width, height) => { if (!isPicture) URL.revokeObjectURL(url); tell({ width, height, url: isPicture ? url : "" }); };
			element.onerror = () => done(0, 0);
			if (isPicture) element.onload = () => done(element.naturalWidth, element.naturalHeight);
			else element.onloadedmetadata = () => done(element.videoWidth, element.videoHeight);
			element.src = url;
		});
	}

	const fill = (text, values) => Object.entries(values).reduce((said, [name, value]) => said.replaceAll(`%${name}`, value), text.replaceAll("%%", "%"));

	document.addEventListener("change", async (event) => {
		const field = event.target;
		const place = field.matches?.("form[data-upload] input[type=file]") ? field.closest("form").querySelector("[data-fit]") : null;
		if (!place) return;
		place.replaceChildren();
		place.hidden = true;
		if (!field.files[0]) return;
		const { width, height, url } = await measure(field.files[0]);
		if (!width || !field.files[0]) return;
		const [filmWidth, filmHeight] = [Number(place.dataset.width), Number(place.dataset.height)];
		const scale = Math.max(filmWidth / width, filmHeight / height);
		const shown = (filmWidth * filmHeight) / (width * height * scale * scale);
		const values = { w: width, h: height, W: filmWidth, H: filmHeight, r: place.dataset.ratio, p: Math.round(100 * (1 - shown)) };
		const lines = [];
		if (shown < SAME) lines.push(fill(place.dataset.other, values));
		if (scale > 1) lines.push(fill(place.dataset.small, values));
		for (const line of lines) place.append(Object.assign(document.createElement("p"), { textContent: line }));
		if (shown < SAME && url) {
			const picture = Object.assign(document.createElement("img"), { src: url, alt: "" });
			picture.style.aspectRatio = `${filmWidth} / ${filmHeight}`;
			place.append(picture);
		}
		place.hidden = !lines.length;
	});
})();
