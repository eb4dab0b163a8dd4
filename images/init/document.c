/* Finds the time in an attestation document of the local device: CBOR, read strictly, nothing copied.
 * It comes from the device below us, not over any network, so its signature says nothing here that the device does not.
 */
#include <string.h>

#include "init.h"

#define DEEPEST 6

enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };

struct reader {
	const uint8_t *at, *end;
};

struct head {
	unsigned type;
	int indefinite;
	uint64_t value;
};

static int read_head(struct reader *reader, struct head *head)
{
	if (reader->at >= reader->end)
		return -1;
	uint8_t first = *reader->at++;
	unsigned more = first & 31;
	head->type = first >> 5;
	head->indefinite = more == 31;
	head->value = more;
	if (more < 24)
		return 0;
	if (head->indefinite)
		return head->type == MAP || head->type == SIMPLE ? 0 : -1;
	if (more > 27)
		return -1;
	size_t length = (size_t)1 << (more - 24);
	if ((size_t)(reader->end - reader->at) < length)
		return -1;
	head->value = 0;
	while (length-- > 0)
		head->value = head->value << 8 | *reader->at++;
	return 0;
}

/* Steps over the bytes of a byte or text string. */
static int read_string(struct reader *reader, const struct head *head, struct reader *inside)
{
	if ((uint64_t)(reader->end - reader->at) < head->value)
		return -1;
	inside->at = reader->at;
	inside->end = reader->at += head->value;
	return 0;
}

static int at_break(struct reader *reader)
{
	if (reader->at < reader->end && *reader->at == 0xff) {
		reader->at++;
		return 1;
	}
	return 0;
}

static int skip(struct reader *reader, int depth)
{
	struct head head;
	struct reader inside;
	if (depth > DEEPEST || read_head(reader, &head) != 0)
		return -1;
	switch (head.type) {
	case UNSIGNED:
	case NEGATIVE:
		return 0;
	case BYTES:
	case TEXT:
		return read_string(reader, &head, &inside);
	case SIMPLE:
		return head.indefinite ? -1 : 0;
	case TAG:
		return skip(reader, depth + 1);
	default:
		break;
	}
	for (uint64_t item = 0; head.indefinite || item < head.value; item++) {
		if (head.indefinite && at_break(reader))
			return 0;
		if (skip(reader, depth + 1) != 0 || (head.type == MAP && skip(reader, depth + 1) != 0))
			return -1;
	}
	return 0;
}

/* Goes to the value under a text key of the map that comes next. */
static int find(struct reader *reader, const char *key)
{
	struct head map, head;
	struct reader text;
	if (read_head(reader, &map) != 0 || map.type != MAP)
		return -1;
	for (uint64_t item = 0; map.indefinite || item < map.value; item++) {
		if (map.indefinite && at_break(reader))
			return -1;
		if (read_head(reader, &head) != 0 || head.type != TEXT || read_string(reader, &head, &text) != 0)
			return -1;
		if ((size_t)(text.end - text.at) == strlen(key) && memcmp(text.at, key, strlen(key)) == 0)
			return 0;
		if (skip(reader, 0) != 0)
			return -1;
	}
	return -1;
}

static int enter_bytes(struct reader *reader, struct reader *inside)
{
	struct head head;
	return read_head(reader, &head) == 0 && head.type == BYTES ? read_string(reader, &head, inside) : -1;
}

uint64_t document_time(const uint8_t *answer, size_t length)
{
	struct reader reader = {answer, answer + length}, document, payload;
	struct head head;
	if (find(&reader, "Attestation") != 0 || find(&reader, "document") != 0 || enter_bytes(&reader, &document) != 0)
		return 0;
	/* COSE_Sign1: an array of protected and unprotected header, payload and signature, with tag 18 or without. */
	if (read_head(&document, &head) != 0 || (head.type == TAG && (head.value != 18 || read_head(&document, &head) != 0)))
		return 0;
	if (head.type != ARRAY || head.value != 4 || skip(&document, 0) != 0 || skip(&document, 0) != 0)
		return 0;
	if (enter_bytes(&document, &payload) != 0 || find(&payload, "timestamp") != 0)
		return 0;
	return read_head(&payload, &head) == 0 && head.type == UNSIGNED ? head.value : 0;
}

int plausible_time(uint64_t milliseconds)
{
	const uint64_t year_2025 = 1735689600000, year_2100 = 4102444800000;
	return milliseconds >= year_2025 && milliseconds < year_2100;
}
