"""The seal: one revision, PAdES baseline B, certified "no changes", written last.

The drawn PDF is taken apart and written anew with the data attached and the signature's place kept,
so that the file has one `%%EOF`. An incremental signature over a finished file would leave two
revisions, and ordinary viewers say "valid" of such a file whether its last revision is an upgrade or
a forgery. The signature comes in one spelling (low S), so that nobody can make a second valid file
out of the first.
"""

from __future__ import annotations

import asyncio
import functools
import io
import zlib
from datetime import datetime

from asn1crypto import algos, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    NumberObject,
    StreamObject,
    pdf_date,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from sims_server.sealing.keys import SealingKey
from sims_shared.seal import der
from sims_shared.seal.file import CODE_NAME, CONTENT_NAME, FIELD_NAME, find_hole

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DIGEST = "sha256"
# Room beyond the signature itself: an ECDSA signature's DER is 70 to 72 bytes.
SLACK = 8


class _LoadedSigner(Signer):
    """Signs with a private key that is in memory already, in one spelling."""

    def __init__(self, key: SealingKey) -> None:
        chain = [x509.Certificate.load(der) for der in key.public.chain()]
        store = SimpleCertificateStore()
        store.register_multiple(chain[1:])
        elliptic = isinstance(key.private, ec.EllipticCurvePrivateKey)
        super().__init__(
            signing_cert=chain[0],
            cert_registry=store,
            embed_roots=True,
            signature_mechanism=algos.SignedDigestAlgorithm(
                {"algorithm": "sha256_ecdsa" if elliptic else "sha256_rsa"}
            ),
        )
        self.key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return self.sign_raw(data)

    def sign_raw(self, data: bytes) -> bytes:
        """The signature over `data`, in its one spelling."""
        private = self.key.private
        if isinstance(private, rsa.RSAPrivateKey):
            return private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise TypeError(f"the key {self.key.id} cannot seal a PDF")
        r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
        return encode_dss_signature(r, min(s, P256_ORDER - s))


class PdfSealer:
    """Seals PDFs with one key. Make one per process and key: the certificates are parsed and the
    signature's place is measured once."""

    def __init__(self, key: SealingKey, time_stamper: TimeStamper | None = None) -> None:
        self.key = key
        self.signer = _LoadedSigner(key)
        self.time_stamper = time_stamper

    @functools.cached_property
    def reserved(self) -> int:
        """Hexadecimal digits kept for the signature."""
        return 2 * (len(self._by_library(bytes(32))) + SLACK)

    @functools.cached_property
    def _pattern(self) -> der.Container:
        """The container as the library writes it. From one document to the next only the digest and
        the signature differ, so it is asked once and not for each (half of a seal's time)."""
        container, _ = der.take_apart(self._by_library(bytes(32)))
        return container

    def _by_library(self, digest: bytes) -> bytes:
        signed: bytes = asyncio.run(
            self.signer.async_sign(
                data_digest=digest,
                digest_algorithm=DIGEST,
                use_pades=True,
                timestamper=self.time_stamper,
                signed_attr_settings=PdfCMSSignedAttributes(),
            )
        ).dump()
        return signed

    def _sign(self, digest: bytes) -> bytes:
        """The DER of the container over a digest of 32 bytes."""
        if self.time_stamper is not None:  # the authority stamps each signature
            return self._by_library(digest)
        blank = der.encode(der.OCTETS, bytes(32))
        if self._pattern.attributes.count(blank) != 1:
            raise RuntimeError("the pattern of the seal does not hold the digest once")
        attributes = self._pattern.attributes.replace(blank, der.encode(der.OCTETS, digest))
        return der.build(
            self._pattern._replace(attributes=attributes, signature=self.signer.sign_raw(attributes))
        )

    def seal(self, drawn: bytes, content: bytes, address: str, at: datetime, institution: str) -> bytes:
        """The sealed file: the drawn PDF with the canonical content attached, signed at `at` (aware).
        `address` is what the printed code holds."""
        writer = copy_into_new_writer(PdfFileReader(io.BytesIO(drawn)))
        finish(writer, content, address, at)
        embedder = PdfCMSEmbedder(SigFieldSpec(sig_field_name=FIELD_NAME)).write_cms(
            field_name=FIELD_NAME, writer=writer
        )
        next(embedder)
        place = PdfSignedData(
            obj_type=pdf_name("/Sig"),
            subfilter=SigSeedSubFilter.PADES,
            timestamp=at,
            bytes_reserved=self.reserved,
        )
        place[pdf_name("/Name")] = pdf_string(institution)
        place[pdf_name("/Reason")] = pdf_string("Issued and sealed")
        embedder.send(
            SigObjSetup(
                sig_placeholder=place,
                mdp_setup=SigMDPSetup(md_algorithm=DIGEST, certify=True, docmdp_perms=MDPPerm.NO_CHANGES),
            )
        )
        prepared, output = embedder.send(SigIOSetup(md_algorithm=DIGEST, in_place=False))
        embedder.send(self._sign(prepared.document_digest))
        sealed = bytearray(output.getvalue())
        # The hole has one spelling: lower case. It is the only part that no digest covers.
        start, end = find_hole(bytes(sealed))
        sealed[start:end] = sealed[start:end].lower()
        return bytes(sealed)


def finish(writer: PdfFileWriter, content: bytes, address: str, at: datetime) -> None:
    """Attaches the data and what the code says, and settles the catalog."""
    root = writer.root
    names = ArrayObject()
    files = ArrayObject()
    for name, data, kind, relation in (
        (CONTENT_NAME, content, "application/json", "Data"),
        (CODE_NAME, address.encode("ascii"), "text/plain", "Supplement"),
    ):
        specification = _attachment(writer, name, data, kind, relation, at)
        names += [pdf_string(name), specification]
        files.append(specification)
    root["/Names"] = DictionaryObject(
        {pdf_name("/EmbeddedFiles"): DictionaryObject({pdf_name("/Names"): names})}
    )
    root["/AF"] = files
    root["/Lang"] = pdf_string("en")
    root["/ViewerPreferences"] = DictionaryObject(
        {pdf_name("/DisplayDocTitle"): BooleanObject(True), pdf_name("/PrintScaling"): pdf_name("/None")}
    )


def _attachment(
    writer: PdfFileWriter, name: str, data: bytes, kind: str, relation: str, at: datetime
) -> generic.IndirectObject:
    stream = StreamObject(
        dict_data={
            pdf_name("/Type"): pdf_name("/EmbeddedFile"),
            pdf_name("/Subtype"): pdf_name("/" + kind),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
            pdf_name("/Params"): DictionaryObject(
                {pdf_name("/Size"): NumberObject(len(data)), pdf_name("/ModDate"): pdf_date(at)}
            ),
        },
        encoded_data=zlib.compress(data, 9),
    )
    file = writer.add_object(stream)
    return writer.add_object(
        DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Filespec"),
                pdf_name("/F"): pdf_string(name),
                pdf_name("/UF"): pdf_string(name),
                pdf_name("/AFRelationship"): pdf_name("/" + relation),
                pdf_name("/EF"): DictionaryObject({pdf_name("/F"): file, pdf_name("/UF"): file}),
            }
        )
    )
