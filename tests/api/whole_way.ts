/** Makes a film over the API with the generated types, and prints what it went through as JSON. */

import { readFileSync, writeFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./studio";

type Story = components["schemas"]["StoryDetail"];
type StoryStatus = components["schemas"]["StoryStatus"];
type JobStatus = components["schemas"]["JobStatus"];
type Problem = components["schemas"]["Problem"];

const [address, film, passwordFile] = process.argv.slice(2) as [string, string, string];
const password = readFileSync(passwordFile, "utf-8");
const ENDED: JobStatus[] = ["succeeded", "failed", "cancelled", "unclear"];

let token = "";
const studio = createClient<paths>({ baseUrl: `${address}/api/ai-video` });
studio.use({
	onRequest({ request }) {
		request.headers.set("Accept-Language", "en");
		if (token) request.headers.set("Authorization", `Bearer ${token}`);
		return request;
	},
});

/** The body of an answer. Throws for a problem. */
function answered<T>(answer: { data?: T; error?: Problem; response: Response }): T {
	if (answer.data === undefined) {
		throw new Error(`${answer.response.url}: ${JSON.stringify(answer.error)}`);
	}
	return answer.data;
}

/** What changed since the answer with this ETag is waited for. */
function since(tag: string) {
	return tag ? { query: { wait: 10 }, header: { "If-None-Match": tag } } : {};
}

async function whenStory(id: string, status: StoryStatus): Promise<Story> {
	let tag = "";
	for (;;) {
		const params = { path: { story_id: id }, ...since(tag) };
		const answer = await studio.GET("/stories/{story_id}/", { params });
		if (answer.response.status === 304) continue;
		const story: Story = answered(answer);
		if (story.status === status) return story;
		tag = answer.response.headers.get("ETag") ?? "";
	}
}

async function whenEnded(id: string): Promise<JobStatus> {
	let tag = "";
	for (;;) {
		const params = { path: { job_id: id }, ...since(tag) };
		const answer = await studio.GET("/jobs/{job_id}/", { params });
		if (answer.response.status === 304) continue;
		const { job }: components["schemas"]["JobDetail"] = answered(answer);
		if (ENDED.includes(job.status)) return job.status;
		tag = answer.response.headers.get("ETag") ?? "";
	}
}

/** Asks for the price first, then starts the work at it. */
async function make(id: string, step: "generate_preview" | "render_final") {
	const path = { story_id: id };
	const address = `/stories/{story_id}/${step}/` as const;
	const told = answered(
		await studio.POST(address, { params: { path, query: { plan: 1 } }, body: {} }),
	);
	const started = answered(
		await studio.POST(address, { params: { path }, body: { confirm_total: told.plan.total } }),
	);
	if (!started.job) throw new Error(`${step} started nothing`);
	return { price: told.plan.total, job: await whenEnded(started.job.id) };
}

const refused = await studio.GET("/me/");
token = answered(
	await studio.POST("/auth/token/", { body: { username: "mina", password } }),
).access_token;
const story = answered(
	await studio.POST("/stories/", {
		body: {
			title: "Harbour",
			script: "A boat leaves the harbour at dawn. The lighthouse waits.",
			duration_seconds: 14,
		},
		params: { header: { "Idempotency-Key": "harbour" } },
	}),
);
const path = { story_id: story.id };
const planning = story.choices.find((choice) => choice.status === "planning");
await studio
	.POST("/stories/{story_id}/transition/", {
		params: { path },
		body: { status: "planning", confirm_total: planning?.price ?? "0.0000" },
	})
	.then(answered);
const planned = await whenStory(story.id, "planned");
const preview = await make(story.id, "generate_preview");
const final = await make(story.id, "render_final");
const completed = await whenStory(story.id, "completed");
const films = answered(await studio.GET("/stories/{story_id}/films/", { params: { path } })).items;
const made = films.find((one) => one.kind === "final");
if (!made?.url) throw new Error(`no final film: ${JSON.stringify(films)}`);
const file = await fetch(new URL(made.url, address));
writeFileSync(film, new Uint8Array(await file.arrayBuffer()));
const again = await studio.POST("/stories/{story_id}/transition/", {
	params: { path },
	body: { status: "planning" },
});

console.log(
	JSON.stringify({
		without_token: refused.error?.code,
		scenes: planned.scene_count,
		preview,
		final,
		status: completed.status,
		kinds: films.map((one) => one.kind).sort(),
		size: made.size_bytes,
		again: [again.error?.code, again.error?.current],
	}),
);
