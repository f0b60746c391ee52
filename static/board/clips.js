/* The clip plays while the pointer is on its card, unless the person wants no motion. */

import { state, wantsNoMotion } from "./base.js";

document.addEventListener("pointerover", (event) => {
	const media = event.target.closest?.(".bd-shot")?.querySelector("[data-clip]");
	if (
		!media ||
		media.querySelector("video") ||
		event.pointerType === "touch" ||
		state.dragging ||
		wantsNoMotion()
	)
		return;
	const video = Object.assign(document.createElement("video"), {
		src: media.dataset.clip,
		muted: true,
		loop: true,
		playsInline: true,
	});
	video.setAttribute("aria-hidden", "true");
	media.append(video);
	video.play().catch(() => video.remove());
	media.closest(".bd-shot").addEventListener("pointerleave", () => video.remove(), { once: true });
});
