import { expect, test } from 'vitest';
import { Fault } from '../../schemas/fault.ts';
import { parseScenario, scenarios } from './scenario.ts';

const problemOf = (text: string, name = 'mine.json'): string => {
  try {
    parseScenario(text, name);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.sentence;
    throw thrown;
  }
  return '';
};

test('parseScenario() takes what is not said from the scenario it extends', () => {
  const scenario = parseScenario('{"name": "wet", "extends": "quiet-day", "radio": {"missing": 0.2}}', 'x');
  expect(scenario).toEqual({
    ...scenarios['quiet-day'],
    name: 'wet',
    radio: { ...scenarios['quiet-day']!.radio, missing: 0.2 },
  });
});

test.each([
  ['{"name": "a", "vans": 0}', /mine\.json.*\/vans/],
  ['{"name": "a", "radio": {"missing": 2}}', /\/radio\/missing/],
  ['{"name": "a", "radio": {"mising": 0.1}}', /additional/],
  ['{"name": "a", "extends": "nowhere"}', /“nowhere”; there are demo, quiet-day/],
  ['{"name": "a"', /mine\.json is not JSON/],
  ['[1]', /one JSON object/],
  ['{"name": "a", "stopsPerRoute": [9, 3]}', /\[least, most\]/],
])('parseScenario() says what is wrong and where, when given %s', (text, sentence) => {
  expect(problemOf(text)).toMatch(sentence);
});

test('parseScenario() reads YAML by the name of the file, and says what is wrong in it likewise', () => {
  const text = 'name: wet # a comment\nextends: quiet-day\nradio:\n  missing: 0.2\nstopsPerRoute: [20, 30]\n';
  const json =
    '{"name": "wet", "extends": "quiet-day", "radio": {"missing": 0.2}, "stopsPerRoute": [20, 30]}';
  expect(parseScenario(text, 'wet.yaml')).toEqual(parseScenario(json, 'wet.json'));
  expect(problemOf('name: a\nvans: many\n', 'mine.yml')).toMatch(/mine\.yml.*\/vans/);
  expect(problemOf('name: [a\nvans: 3\n', 'mine.yml')).toMatch(/mine\.yml is not YAML: .*line \d/);
  expect(problemOf('- name', 'mine.yml')).toMatch(/one mapping/);
});
