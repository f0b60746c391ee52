/* A text that is pasted into the form of a new story proposes language, length and format; the
   price follows from the length. What a person has set themselves stays. */

const script = document.getElementById("id_script");
const url = document.querySelector("script[data-propose]")?.dataset.propose;
const set = new Set(); // names of the fields that a person has changed
if (script && url) start();

function start() {
	script.form.addEventListener("input", (event) => {
		if (event.isTrusted) set.add(event.target.name);
	});
	script.addEventListener("paste", () => setTimeout(propose, 0));
}

async function propose() {
	const body = new FormData();
	body.set("script", script.value);
	body.set("csrfmiddlewaretoken", script.form.elements.csrfmiddlewaretoken.value);
	const answer = await fetch(url, { method: "POST", body });
	if (!answer.ok) return;
	const { values, words } = await answer.json();
	for (const [name, value] of Object.entries(values)) {
		const field = script.form.elements[name];
		if (!field || set.has(name)) continue;
		field.value = value;
		field.dispatchEvent(new Event("input", { bubbles: true }));
		field.dispatchEvent(new Event("change", { bubbles: true }));
	}
	const place = document.getElementById("proposed");
	place.querySelector("b").textContent = words;
	place.hidden = false;
}
