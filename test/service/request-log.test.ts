/** The log of a request: none is made for a request that has nothing to say. */

import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/service/logger.js';
import { RequestLog } from '../../src/service/request-log.js';

describe('the log of a request', () => {
  const logging = () => {
    const lines: string[] = [];
    let children = 0;
    const parent = createLogger('info', { write: (line) => void lines.push(line) });
    const counted = new Proxy(parent, {
      get(logger, name) {
        if (name === 'child') children += 1;
        return Reflect.get(logger, name);
      },
    });
    const log = new RequestLog(counted, { request_id: 'r1' });
    return { log, lines: () => lines.map((line) => JSON.parse(line)), children: () => children };
  };

  it('is made with its first line, once, and names the request on every line', () => {
    const { log, lines, children } = logging();
    expect(children()).toBe(0);
    log.warn({ code: 'gone' }, 'one');
    log.info('two');
    log.error('three');
    log.fatal('four');
    expect(lines()).toMatchObject([
      { level: 40, request_id: 'r1', code: 'gone', msg: 'one' },
      { level: 30, request_id: 'r1', msg: 'two' },
      { level: 50, request_id: 'r1', msg: 'three' },
      { level: 60, request_id: 'r1', msg: 'four' },
    ]);
    expect(children()).toBe(1);
  });

  it('has the level of its parent, and says nothing below it', () => {
    const { log, lines } = logging();
    log.debug('quiet');
    log.trace('quieter');
    log.silent();
    expect(log.level).toBe('info');
    log.level = 'trace';
    log.trace('heard');
    expect(lines()).toMatchObject([{ level: 10, msg: 'heard' }]);
  });

  it('redacts as its parent does, and so do its own children', () => {
    const { log, lines } = logging();
    log.info({ access_token: 'ghu_canary' }, 'told');
    log.child({ part: 'p', authorization: 'Bearer canary' }).info('told');
    expect(JSON.stringify(lines())).not.toContain('canary');
    expect(lines()).toMatchObject([{ request_id: 'r1' }, { request_id: 'r1', part: 'p' }]);
  });
});
