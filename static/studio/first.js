/* Runs before anything is shown: the theme and the menu as the person left them, so that the page need
   not wait for Alpine, which takes both over. */

{
	const page = document.documentElement;
	const kept = (name) => {
		try {
			return localStorage.getItem(name);
		} catch {
			return null; // storage is switched off
		}
	};
	const theme = kept("_x_adminTheme")?.replaceAll('"', "") ?? "auto";
	const isDark =
		theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
	const own = isDark && !page.classList.contains("dark");
	if (own) page.classList.add("dark");
	if (kept("sidebarOpen") === "0") page.classList.add("vp-no-side");
	const width = Number(kept("sidebarWidth"));
	if (width) page.style.setProperty("--vp-side", `${width}px`);
	/* Alpine takes away only what it has set itself. */
	document.addEventListener("alpine:init", () => own && page.classList.remove("dark"));
}
