// Finds objects in pictures with a running Osprey: node detect.mjs PICTURE… (Node 18 or newer, no packages).

import { readFile } from "node:fs/promises";

const url = process.env.OSPREY_URL ?? "http://localhost:1337";
// With API keys: OSPREY_API_KEY=… node detect.mjs street.jpg
const headers = process.env.OSPREY_API_KEY ? { "X-API-Key": process.env.OSPREY_API_KEY } : {};

/** Sends a picture, and again if the service is busy. */
async function detect(path) {
  const body = await readFile(path);
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(`${url}/detect?confidence=0.4`, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(30_000),
    });
    if (answer.status === 503 && tries < 5) {
      const seconds = Number(answer.headers.get("Retry-After") ?? 1);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      continue;
    }
    const result = await answer.json();
    // RFC 9457: what was wrong, in words.
    if (!answer.ok) throw new Error(`${path}: ${result.detail}`);
    return result;
  }
}

for (const path of process.argv.slice(2)) {
  for (const found of (await detect(path)).payload) {
    const [x, y, width, height] = [...found.bbox.origin, ...found.bbox.size].map(Math.round);
    console.log(`${path}: ${found.class} ${found.score.toFixed(2)} at ${x},${y}, ${width}x${height}`);
  }
}
