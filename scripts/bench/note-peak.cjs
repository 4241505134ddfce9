/** Loaded before a program: notes the most memory that it had, in kilobytes, in the file BENCH_PEAK. */
const { appendFileSync } = require('node:fs');

process.on('exit', () => appendFileSync(process.env.BENCH_PEAK, `${process.resourceUsage().maxRSS}\n`));
