// Runs Lighthouse over pages that a server on the loopback shows, in one Chromium:
//   node lighthouse.mjs CHROMIUM CATEGORIES URL...
// and prints a JSON object for each page: its scores in per cent, and the audits that it fails.

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const [chromePath, categories, ...urls] = process.argv.slice(2);
const chromeFlags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"];
const config = {
  extends: "lighthouse:default",
  settings: {
    onlyCategories: categories.split(","),
    // Both load a page unthrottled; but “provided” waits ten seconds for quiet, whatever one sets.
    throttlingMethod: categories === "performance" ? "provided" : "simulate",
    disableFullPageScreenshot: true,
    skipAudits: ["screenshot-thumbnails"],
    maxWaitForLoad: 30_000,
    pauseAfterFcpMs: 0,
    pauseAfterLoadMs: 0,
    networkQuietThresholdMs: 0,
    cpuQuietThresholdMs: 0,
  },
};

function summary(url, { categories, audits, runtimeError }) {
  const scores = Object.fromEntries(
    Object.entries(categories).map(([name, { score }]) => [name, Math.round(100 * score)]),
  );
  const failed = Object.values(categories)
    .flatMap(({ auditRefs }) => auditRefs)
    .filter(({ id, weight }) => weight && audits[id].score !== null && audits[id].score < 1)
    .map(({ id }) => `${id}: ${audits[id].title}`);
  return { url, scores, failed, error: runtimeError?.message ?? null };
}

const chromium = await launch({ chromePath, chromeFlags });
try {
  for (const url of urls) {
    const { lhr } = await lighthouse(url, { port: chromium.port, logLevel: "error" }, config);
    console.log(JSON.stringify(summary(url, lhr)));
  }
} finally {
  await chromium.kill();
}
