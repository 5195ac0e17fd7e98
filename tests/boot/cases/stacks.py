# SPDX-License-Identifier: MIT
"""Several images: who may name them, that each is verified, what a lower one
may not have.

The release one is the system, signed by the key trusted; {app} has
/opt/app/hello and is signed by the key other; {local} has /usr/local/hello;
{captures} and {hidden} are the release with a name of two hex digits."""
from cases.common import BOTH, CONF, SIGNED, TRUSTED, UNIFORM
from expect import Case, boots, refuses

STACK = "composefs={app} composefs={one}"
HELLO = ["FILE /opt/app/hello: hello"]
ALL = HELLO + UNIFORM + [f"INODE {path}: the root's device, its own number"
                         for path in ("/opt/app", "/opt/app/hello")]


def case(name, expect, cmdline=STACK, conf=CONF, **more):
    return Case("stack: " + name, expect, cmdline=cmdline, conf=conf, **more)


def over(*args, **more):
    """The application over the system."""
    more = {"release": "app", "over": ["one"], "guest_is": "one",
            "guest": HELLO, **more}
    return boots(*args, **more)


def captures(image, kernel="bookworm-6.12"):
    """It may not be a lower one."""
    return case(f"below another: {image}, {kernel}", refuses(
        "stack-capture", f"image: {{{image}}}: expected no name of two hex "
        "digits in the root of an image below others, found /5e: it would "
        r"capture redirects /5e/\.\.\. of the images above, or they hide it"),
        cmdline=f"composefs={{app}} composefs={{{image}}}", kernel=kernel)


CASES = [
    case("an image over another", over(guest=ALL, record={
        "image.digest": "{app}",
        "images.0.digest": "{app}", "images.1.digest": "{one}",
        "images.2": None, "images.1.named_by": "command line",
        "images.0.signed_by": None})),
    case("Linux 7", over(guest=ALL), kernel="sid-7"),
    case("as PID 1, both signed", over(
        "digest+signature", signed=r', key "test key other" '
        r'\([0-9a-f]{16}\)', record={
            "images.0.signed_by.subject": "test key other",
            "images.1.signed_by.subject": "test key trusted"}),
        via="pid1", conf=BOTH, keys=TRUSTED + ("other",)),
    case("three, the policy names them", boots(
        release="local", over=["app", "one"], guest_is="one", guest=HELLO,
        record={"images.2.digest": "{one}", "images.1.named_by": "policy"}),
        cmdline="composefs={local}", conf=CONF + "image={local}\n"
        "image={app}\nimage={one}\n"),
    case("one without fs-verity", over(record={
        "images.0.verified_in": "memory", "images.1.verified_in": "file",
        "images.0.loop": True}), disk=["unseal {image_app}"]),
    case("the upper one's key is not trusted", refuses(
        "signature-untrusted", r"signature: signatures/{app}.p7s: expected "
        r"one by a trusted key, found one by .+"), conf=BOTH, keys=TRUSTED),
    case("the lower one's signature is missing", refuses(
        "signature-missing", r"signature: signatures/{one}.p7s: expected a "
        r"signature, found no file"), conf=BOTH, keys=TRUSTED + ("other",),
        disk=["remove {signature_one}"]),
    case("trust=signature: nobody says what goes together", refuses(
        "cmdline-invalid", r"cmdline: composefs=: expected one image under "
        r"trust=signature or lockdown=yes, found more, of which nobody else "
        r"says that they go together"), conf=SIGNED, keys=TRUSTED + ("other",)),
    case("trust=signature: the policy says it", over(
        "signature", signed=r', key "test key other" \([0-9a-f]{16}\)'),
        cmdline="", conf=SIGNED + "image={app}\nimage={one}\n",
        keys=TRUSTED + ("other",)),
    case("a bit of the lower one", refuses(
        "image-mismatch", r"image: objects/.+: expected data that match its "
        r"fs-verity digest, found others at byte \d+ or after it: I/O error"),
        disk=["flip {image_one} 5000"]),
    case("the lower one is missing", refuses(
        "image-missing", r"image: objects/.+: expected the image on "
        r"/dev/vda1, found no such file"), disk=["remove {image_one}"]),
    case("others than the policy's", refuses(
        "cmdline-invalid", r"cmdline: composefs=: expected the policy's image "
        r"{one}, found {app}"), conf=CONF + "image={one}\n"),
    case("more than the policy's", refuses(
        "cmdline-invalid", r"cmdline: composefs=: expected the policy's image "
        r"alone, found {one}"), conf=CONF + "image={app}\n"),
    captures("captures"),
    captures("captures", "sid-7"),
    captures("hidden"),
]
