/* SPDX-License-Identifier: MIT */
/* Who has to have signed a manifest, and which file is read as one. */
#include "core/release.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/file.h"
#include "make_keys.h"
#include "tap.h"

#define D "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FORMAT RELEASE_FORMAT "\n"
#define SMALL \
	FORMAT "name=web\nversion=2\nsequence=7\nrollback_index=5\n" \
	       "algorithm=sha256\nimages=" D "\n"

static struct err e;

static struct keyring ring, revoked;
static struct signers signers;
static int store, dir;
static char base[] = "/tmp/release-XXXXXX";

static void put(const char *name, struct bytes b)
{
	AUTO_FD
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, b.p, b.n) != (ssize_t)b.n)
		printf("# %s cannot be written\n", name);
	free(b.p);
}

static void put_text(const char *name, const char *text)
{
	struct bytes b = { (uint8_t *)strdup(text), strlen(text) };

	put(name, b);
}

static struct bytes sign(const struct pair *p, const char *text)
{
	struct digest d;
	uint8_t tbs[FORMATTED_MAX];

	release_digest(&d, text, strlen(text));
	return make_pkcs7(p, EVP_sha256(), tbs, digest_formatted(&d, tbs),
		PKCS7_NOATTR | PKCS7_NOCERTS | PKCS7_DETACHED);
}

/* Reads and verifies, as boot and tool do; not parsed. */
static int verify(unsigned threshold)
{
	static char text[RELEASE_MAX];
	char where[RELEASE_WHERE_MAX];
	size_t n;
	AUTO_FD
	int fd = release_read(store, "web", "2", where, text, &n, &e);

	memset(&e, 0, sizeof(e));
	return fd < 0 ? -1
		      : release_verify(&signers, fd, where, text, n, &ring,
				threshold, &e);
}

static void not_verified(unsigned threshold, enum reason reason,
	const char *sentence, const char *what)
{
	is_int(verify(threshold), -1, "%s: refused", what);
	is_str(reason_name(e.reason), reason_name(reason), "%s: reason", what);
	is_str(e.text, sentence, "%s: sentence", what);
}

/* The same key under a second certificate. */
static struct pair again(const struct pair *p)
{
	struct pair q = make_pair("P-256", 0, "again", 77);

	EVP_PKEY_free(q.key);
	q.key = EVP_PKEY_dup(p->key);
	X509_set_pubkey(q.crt, q.key);
	X509_sign(q.crt, q.key, EVP_sha256());
	encode_pair(&q);
	return q;
}

static void trust(struct keyring *k, const char *file, const struct pair *p)
{
	ok(keyring_add(k, file, p->der, p->der_n, &e) == 0, "%s: taken: %s",
		file, e.text);
}

#define P "releases/web/2/"
#define EXPECTED(n, found) \
	"release: " P "manifest: expected signatures by " n \
	" different keys, found " found

static void check_thresholds(const struct pair *a, const struct pair *a2,
	const struct pair *b, const struct pair *c)
{
	char want[1024], id[65];

	not_verified(1, REASON_SIGNATURE_MISSING,
		EXPECTED("1", "0: expected *.p7s beside it, found none"),
		"none");
	put("1.p7s", sign(a, SMALL));
	is_int(verify(1), 0, "one of one: %s", e.text);
	ok(signers.n == 1 && signers.keys[0] == &ring.keys[0], "who it was");
	is_int(verify(0), 0, "a threshold of none takes one");
	not_verified(2, REASON_SIGNATURE_THRESHOLD, EXPECTED("2", "1"),
		"one of two");
	put("2.p7s", sign(a, SMALL));
	put("3.p7s", sign(a2, SMALL));
	not_verified(2, REASON_SIGNATURE_THRESHOLD, EXPECTED("2", "1"),
		"one key three times, twice by one certificate");
	put("4.p7s", sign(b, SMALL));
	is_int(verify(2), 0, "two of two: %s", e.text);
	is_int(signers.n, 2, "two keys");
	put("0.p7s", sign(b, FORMAT));
	put_text("5.p7s", "noise");
	put("6.p7s", sign(c, SMALL));
	put_text("7.txt", "noise");
	put_text("readme", "noise");
	is_int(verify(2), 0, "what else lies there does no harm: %s", e.text);
	is_int(verify(3), -1, "three of two");
	is_int(e.reason, REASON_SIGNATURE_THRESHOLD, "the reason");
	ok(strstr(e.text, EXPECTED("3", "2: signature: " P)) == e.text,
		"and the first fault is said: %s", e.text);

	keyring_init(&revoked);
	trust(&revoked, "revoked.d/a-again.pem", a2);
	ring.revoked = &revoked;
	is_int(verify(1), 0, "a revoked key does not hurt the other");
	ok(signers.n == 1 && signers.keys[0] == &ring.keys[2], "which counts");
	for (int i = 0; i <= 6; i++) {
		snprintf(want, sizeof(want), "%d.p7s", i);
		unlinkat(dir, want, 0);
	}
	put("1.p7s", sign(a, SMALL));
	snprintf(id, sizeof(id), "%s", ring.keys[0].id);
	snprintf(want, sizeof(want),
		EXPECTED("1",
			"0: signature: " P
			"1.p7s: expected one by a key that is not revoked, found one by \"a\" (%.16s)"),
		id);
	not_verified(1, REASON_SIGNATURE_REVOKED, want,
		"revoked under another certificate");
	ring.revoked = NULL;
}

static void check_one_fault(const struct pair *a, const struct pair *c)
{
	put_text("manifest", SMALL "description=x\n");
	not_verified(1, REASON_SIGNATURE_INVALID,
		EXPECTED("1",
			"0: signature: " P
			"1.p7s: expected one over this digest by key \"a\", found one that does not verify: it is for something else or damaged"),
		"another manifest");
	put_text("manifest", SMALL);
	put("1.p7s", sign(c, SMALL));
	not_verified(1, REASON_SIGNATURE_UNTRUSTED,
		EXPECTED("1",
			"0: signature: " P
			"1.p7s: expected one by a trusted key, found one by the certificate with serial number 04: none of the 3 trusted certificates has this issuer and number"),
		"a key that is not trusted");
	unlinkat(dir, "1.p7s", 0);
	if (symlinkat("manifest", dir, "1.p7s") != 0)
		printf("# no symbolic link\n");
	not_verified(1, REASON_SIGNATURE_INVALID,
		EXPECTED("1",
			"0: signature: 1.p7s: expected a regular file of at most 16384 bytes: Too many levels of symbolic links"),
		"a symbolic link");
	unlinkat(dir, "1.p7s", 0);
	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d.p7s", i);
		put(name, sign(a, SMALL));
	}
	is_int(verify(1), 0, "more files than are looked at");
}

static int read_release(const char *name, const char *version)
{
	static char text[RELEASE_MAX];
	char where[RELEASE_WHERE_MAX];
	size_t n;
	AUTO_FD
	int fd = release_read(store, name, version, where, text, &n, &e);

	return fd < 0 ? -1 : (int)n;
}

static void not_read(const char *name, const char *version, const char *text)
{
	ok(read_release(name, version) == -1 &&
			e.reason == REASON_RELEASE_INVALID,
		"%s/%s: refused", name, version);
	is_str(e.text, text, "the sentence");
}

#define MANIFEST(w) \
	"release: " w "expected a regular file of at most 65536 bytes: "

static void check_read(void)
{
	static char big[RELEASE_MAX + 2];

	is_int(read_release("web", "2"), sizeof(SMALL) - 1, "read");
	not_read("web", "3",
		MANIFEST(
			"releases/web/3/manifest: ") "No such file or directory");
	not_read("web", "..",
		MANIFEST("releases/web/../manifest: ") "Invalid argument");
	not_read(
		"", "2", MANIFEST("releases//2/manifest: ") "Invalid argument");
	not_read("web/2", "2",
		MANIFEST("releases/web/2/2/manifest: ") "Invalid argument");
	memset(big, 'x', RELEASE_MAX);
	put_text("manifest", big);
	is_int(read_release("web", "2"), RELEASE_MAX, "65536 bytes");
	big[RELEASE_MAX] = 'x';
	put_text("manifest", big);
	not_read("web", "2",
		MANIFEST("releases/web/2/manifest: ") "File too large");
	unlinkat(dir, "manifest", 0);
	if (mkfifoat(dir, "manifest", 0600) != 0)
		printf("# no FIFO\n");
	not_read("web", "2",
		MANIFEST("releases/web/2/manifest: ") "No such device");
	if (symlinkat("2", store, "releases/web/4") != 0)
		printf("# no symbolic link\n");
	not_read("web", "4",
		MANIFEST(
			"releases/web/4/manifest: ") "Too many levels of symbolic links");
}

static void check_signatures(void)
{
	struct pair a = make_pair("P-256", 0, "a", 1), a2 = again(&a);
	struct pair b = make_pair("RSA", 2048, "b", 3);
	struct pair c = make_pair("P-384", 0, "c", 4);
	char path[64];

	if (!mkdtemp(base))
		return;
	store = open(base, O_RDONLY | O_DIRECTORY);
	mkdirat(store, "releases", 0755);
	mkdirat(store, "releases/web", 0755);
	mkdirat(store, P, 0755);
	dir = openat(store, P, O_RDONLY | O_DIRECTORY);
	put_text("manifest", SMALL);
	keyring_init(&ring);
	trust(&ring, "release-keys.d/a.pem", &a);
	trust(&ring, "release-keys.d/a2.pem", &a2);
	trust(&ring, "release-keys.d/b.pem", &b);
	is_str(ring.keys[0].id, ring.keys[1].id, "one key, two certificates");
	check_thresholds(&a, &a2, &b, &c);
	check_one_fault(&a, &c);
	check_read();
	snprintf(path, sizeof(path), "rm -rf %s", base);
	ok(system(path) == 0, "cleaned up");
	free_pair(&a);
	free_pair(&a2);
	free_pair(&b);
	free_pair(&c);
	close(dir);
	close(store);
}

int main(void)
{
	check_signatures();
	return tap_done();
}
