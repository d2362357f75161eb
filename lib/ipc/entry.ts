/**
 * What links tell each other: entries. Each has an operation, the number of the request that it is about, and, as far
 * as the operation has use for them, the type of a message, the worker it comes from or is for, and data.
 *
 * A batch of them is a frame with two parts. First its heads, 16 bytes for each entry, two numbers of 8 bytes: the
 * number of the request; and a word, which is the operation, {@link NAMED}, {@link ADDRESSED} and {@link HAS_DATA} as far
 * as they apply, and the number of the type from bit {@link TYPE_SHIFT} on. Before these stands another of that size: the time,
 * in milliseconds, and how many entries there are. Behind the heads is one list in JSON, with what the words say that
 * there is of each entry in turn: the name of the type, the address, the data. Numbers that are not written as text and
 * a list without lists in it cost nothing beside the data; as JSON they were half of the cost of a short message.
 *
 * A type has its name with it when it comes for the first time, and its number, which is no other's in that direction of
 * the channel, stands for it from then on. Number 0 is of no type, or of one that is named each time.
 *
 * An entry whose data are bytes or a long text has a frame of its own: operation, number, time, type and address as a list
 * in JSON, and the data behind it.
 */

/** A question to the peer. */
export const REQUEST = 0
/** What a handler returned. */
export const ANSWER = 1
/** The error that it ended with. */
export const FAILURE = 2
/** A message of `process.send`. */
export const POST = 3
/** A question to the worker that is the address, by way of the peer. */
export const RELAY = 4
/** Whether anybody reads. */
export const QUESTION = 5
/** Somebody does. */
export const ALIVE = 6

/** The name of the type is in the list. */
export const NAMED = 0x100
/** An address is. */
export const ADDRESSED = 0x200
/** Data are. */
export const HAS_DATA = 0x400
/** What the word is shifted by for the number of the type. */
export const TYPE_SHIFT = 16

/** Types that have a number, in each direction. */
export const TYPES = 1_000
/** Characters of the name of such a type; both sides keep it. */
export const NAME = 256
/** Bytes of a head. */
export const HEAD = 16
/** Bytes of a batch that is sent before the turn ends. So there are less heads in it than make that. */
export const BATCH = 16 * 1024

/** An entry as a list: what it is made of, in that order. */
export type Entry = [
  operation: number,
  /** Text with peers that speak lines. */
  id: number | string,
  /** Of `Date.now()`; 0 where nobody asks for it. */
  time: number,
  type: string | undefined,
  address: string | undefined,
  data: unknown,
]
