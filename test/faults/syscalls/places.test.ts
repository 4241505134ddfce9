import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameOf, parsePlace, Places } from './places.ts';

/** What is tried when `isHit` decides; a name for each try. */
function tried(places: Places, isHit: (name: string, isAgain: boolean) => boolean): string[] {
  const names: string[] = [];
  for (let place = places.next(); place !== undefined; place = places.next()) {
    const name = nameOf(place);
    names.push(name);
    places.tried(place, isHit(name, place.isAgain));
  }
  return names;
}

const connects = (...numbers: number[]): ReadonlyMap<string, ReadonlySet<number>> =>
  new Map([['connect', new Set(numbers)]]);
const place = (nth: number): string => `command, connect ${nth}, signal=SIGKILL`;

describe('the places of a command', () => {
  it('are those that were counted and their neighbours, and one behind the last one that was hit', () => {
    const places = new Places(10);
    places.add('command', connects(1, 5));
    const most = ['1', '2', '4', '5', '6'].map((nth) => place(Number(nth)));
    assert.deepEqual(
      tried(places, (name) => most.slice(0, -1).includes(name)),
      most,
    );
    assert.match(places.summary(), /^2 calls, 4 places hit \(kill 4\), 0 not met again, 0 beyond/);
  });

  it('go on behind the last one as long as something is hit, but not beyond the most', () => {
    const places = new Places(3);
    places.add('command', connects(1));
    assert.deepEqual(
      tried(places, () => true),
      [place(1), place(2), place(3)],
    );
  });

  it('that were not hit are tried once more, and then told', () => {
    const places = new Places(10);
    places.add('command', connects(1, 2));
    assert.deepEqual(
      tried(places, (name, isAgain) => name === place(1) && isAgain),
      [place(1), place(2), place(1), place(2)],
    );
    assert.match(places.summary(), /^2 calls, 1 places hit \(kill 1\), 1 not met again/);
  });

  it('beyond the most are counted', () => {
    const places = new Places(2);
    places.add('living host', connects(1, 2, 3, 4));
    assert.equal(tried(places, () => true).length, 2);
    assert.match(places.summary(), /2 beyond the first 2 of a call$/);
  });

  it('are read back from their names', () => {
    const one = { victim: 'starting host', call: 'fdatasync', kind: 'error=EIO', nth: 3 } as const;
    assert.deepEqual(parsePlace(nameOf(one)), one);
    assert.throws(() => parsePlace('somewhere'), /no place/);
  });
});
