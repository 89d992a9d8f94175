/** How hard the fault tests push: in `npm test` as hard as its time allows, in `npm run test:nightly` in full. */

const isFull = process.env.FAULTS_AT_FULL_STRENGTH === 'true';

/** Durations in ms; how many masters end one after another. */
export const strength = isFull
  ? {
      refusedMs: 20_000,
      idleClients: 5_000,
      waitsForTimeouts: true,
      redisSchedules: 200,
      embeddedSchedules: 50,
      failovers: 6,
    }
  : {
      refusedMs: 2_000,
      idleClients: 1_000,
      waitsForTimeouts: false,
      redisSchedules: 5,
      embeddedSchedules: 3,
      failovers: 1,
    };
