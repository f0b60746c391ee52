// A worker for the studio's queue, in Node: `npm install bullmq ioredis`, then `node worker.mjs`.
// It makes a plain picture or clip with ffmpeg; put your own model where `make` is.
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "bullmq";
import Redis from "ioredis";

const run = promisify(execFile);
const folder = process.env.OUTPUT_DIR ?? "made"; // served at PUBLIC_URL by a web server
const publicUrl = process.env.PUBLIC_URL ?? "https://files.example.com";
const ffmpeg = process.env.FFMPEG ?? "ffmpeg";
await mkdir(folder, { recursive: true });

async function make(job, file) {
    const { width = 1280, height = 720, fps = 24, seconds = 1 } = job.data.parameters;
    const color = `color=c=0x${job.id.slice(-6)}:size=${width}x${height}:rate=${fps}`;
    const isClip = job.data.action === "generate_clip";
    const length = isClip ? ["-t", String(seconds), "-pix_fmt", "yuv420p"] : ["-frames:v", "1"];
    await run(ffmpeg, ["-v", "error", "-y", "-f", "lavfi", "-i", color, ...length, file]);
}

async function work(job) {
    const endings = { generate_image: "png", generate_clip: "mp4" };
    const ending = endings[job.data.action];
    if (!ending) {
        // Final: the studio shows the reason and does not try again. An exception is tried again.
        return { success: false, result: null, error: `This worker does no ${job.data.action}.` };
    }
    const began = Date.now();
    const name = `${job.id}.${ending}`; // the same name again if the job is tried again
    await job.updateProgress(10);
    await make(job, join(folder, name));
    await job.updateProgress(90);
    return {
        success: true,
        result: {
            preview_url: `${publicUrl}/${name}`,
            metadata: { worker: "node" },
            generation_time: (Date.now() - began) / 1000,
        },
        error: null,
    };
}

const connection = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379/0", {
    maxRetriesPerRequest: null, // BullMQ waits while Redis is unavailable
});
const worker = new Worker(process.env.QUEUE ?? "ai_video", work, {
    connection,
    concurrency: 1,
    lockDuration: Number(process.env.LOCK_MS ?? 30000), // another worker gets the job of a dead worker after this
    stalledInterval: Number(process.env.LOCK_MS ?? 30000),
});
worker.on("error", (error) => console.error(error.message));
worker.on("failed", (job, error) => console.error(job?.id, error.message));
for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, async () => { await worker.close(); connection.disconnect(); });
}
console.log("ready");
