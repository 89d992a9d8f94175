/** `npm run test:nightly`: the fault tests at full strength, with many random schedules. About half an hour. */

process.env.FAULTS_AT_FULL_STRENGTH = 'true';
process.argv.push('test/faults');
await import('./test.mjs');
