import { describe, expect, it } from 'vitest'
import { importCsv } from './import-csv.ts'
import { askedBandwidthBitsPerSecond, askedOneWayMs, askedRoundTripMs, parseProfile, ProfileError } from './profile.ts'
import type { Profile } from './profile.ts'

const read = (text: string): Profile => parseProfile(importCsv(text, { name: 'mine', source: 'Own pings.', label: 'rtt.csv' }), 'mine')

describe('a table', () => {
  it('that is a matrix gives each direction half of what it measured', () => {
    const profile = read('rtt,a,b\r\na,1,100\r\nb,90,\r\n')
    expect(profile).toMatchObject({ name: 'mine', regions: ['a', 'b'], source: expect.stringContaining('Own pings.') })
    expect([askedOneWayMs(profile, 'a', 'b'), askedOneWayMs(profile, 'b', 'a')]).toEqual([50, 45])
    expect([askedRoundTripMs(profile, 'a', 'a'), askedRoundTripMs(profile, 'b', 'b')]).toEqual([1, 1.3])
    expect(askedBandwidthBitsPerSecond(profile, 'a', 'b')).toBe(Infinity)
  })

  it('that is a list of links has them in both directions where only one is given', () => {
    const profile = read('from,to,rtt_ms\na,b,100\nb,c,20\nc,b,30\na,c,50\n')
    expect(['ab', 'ba', 'bc', 'cb', 'ca'].map(([from = '', to = '']) => askedOneWayMs(profile, from, to))).toEqual([50, 50, 10, 15, 25])
  })

  it('of aptos-core has rates, each direction its own', () => {
    const profile = read('sending_region,receiving_region,bitrate_bps,avgrtt\ngcp--x,aws--y,26214400,311.861\naws--y,gcp--x,73662464,311.9\n')
    expect(askedBandwidthBitsPerSecond(profile, 'gcp--x', 'aws--y')).toBe(26214400)
    expect(askedBandwidthBitsPerSecond(profile, 'aws--y', 'gcp--x')).toBe(73662464)
    expect(askedRoundTripMs(profile, 'aws--y', 'gcp--x')).toBeCloseTo(311.88, 2)
  })

  it.each<[string, string, string]>([
    ['nothing', '', 'The table rtt.csv has no rows'],
    ['a header alone', 'rtt,a,b\n', 'The table rtt.csv has no rows'],
    ['a row too few', 'rtt,a,b\na,1,2\n', 'has a column b in its header but no row of that name'],
    ['an empty cell', 'rtt,a,b\na,1,\nb,2,1\n', 'has nothing from a to b at line 2: give a number above 0'],
    ['a negative cell', 'rtt,a,b\na,1,-3\nb,2,1\n', 'has "-3" from a to b at line 2'],
    ['a word in a cell', 'rtt,a,b\na,1,far\nb,2,1\n', 'has "far" from a to b at line 2'],
    ['a region twice', 'rtt,a,a\na,1,2\na,2,1\n', 'has a region "a" that is empty, longer than 64 characters, or there twice'],
    ['a link twice', 'from,to,rtt_ms\na,b,1\na,b,2\n', 'has the link from a to b again at line 3'],
    ['a link too few', 'from,to,rtt_ms\na,b,1\nb,c,2\n', 'has no link from a to c, nor back'],
    ['a list without round trips', 'from,to,far\na,b,1\n', 'is a list of links without round trips: add a column rtt_ms'],
    ['a rate of zero', 'from,to,rtt_ms,bits_per_second\na,b,1,0\n', 'has "0" from a to b at line 2'],
    ['too many regions', `rtt,${Array.from({ length: 501 }, (_, i) => `r${i}`).join(',')}\nr0,1\n`, 'has 501 regions, more than 500']
  ])('with %s is refused', (_, text, sentence) => {
    expect(() => read(text)).toThrow(ProfileError)
    expect(() => read(text)).toThrow(sentence)
  })
})
