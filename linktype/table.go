package linktype

// The link types, by the number that savefiles hold. Numbers and meaning are
// those of https://www.tcpdump.org/linktypes.html as of libpcap 1.11.
const (
	Null                   Type = 0   // BSD loopback
	Ethernet               Type = 1   // Ethernet
	ExperimentalEthernet   Type = 2   // experimental Ethernet (3Mb/s)
	AX25                   Type = 3   // AX.25 layer 2
	ProNET                 Type = 4   // Proteon ProNET Token Ring
	Chaos                  Type = 5   // MIT Chaosnet
	TokenRing              Type = 6   // 802.5 Token Ring
	ArcnetBSD              Type = 7   // BSD ARCnet
	SLIP                   Type = 8   // Serial Line IP
	PPP                    Type = 9   // Point-to-Point Protocol
	FDDI                   Type = 10  // Fiber Distributed Data Interface
	RedbackSmartEdge       Type = 32  // Redback SmartEdge 400/800
	PPPSerial              Type = 50  // Point-to-Point Protocol over serial
	PPPEther               Type = 51  // PPPoE session packets
	SymantecFirewall       Type = 99  // Symantec Firewall
	ATMRFC1483             Type = 100 // RFC 1483 LLC-encapsulated ATM
	Raw                    Type = 101 // Raw IPv4/IPv6
	SLIPBSDOS              Type = 102 // BSD/OS Serial Line IP
	PPPBSDOS               Type = 103 // BSD/OS Point-to-Point Protocol
	CHDLC                  Type = 104 // Cisco HDLC
	IEEE802_11             Type = 105 // 802.11
	ATMCLIP                Type = 106 // Linux Classical IP over ATM
	FrameRelay             Type = 107 // Frame Relay
	Loop                   Type = 108 // OpenBSD loopback
	Enc                    Type = 109 // OpenBSD encapsulated IP
	LANE8023               Type = 110
	HIPPI                  Type = 111
	NetBSDHDLC             Type = 112
	LinuxSLL               Type = 113 // Linux cooked v1
	LocalTalk              Type = 114 // LocalTalk
	Econet                 Type = 115
	IPFilter               Type = 116
	PFLog                  Type = 117 // OpenBSD pflog file
	CiscoIOS               Type = 118
	IEEE802_11Prism        Type = 119 // 802.11 plus Prism header
	IEEE802_11Aironet      Type = 120
	HHDLC                  Type = 121
	IPOverFC               Type = 122 // RFC 2625 IP-over-Fibre Channel
	SunATM                 Type = 123 // Sun raw ATM
	RIO                    Type = 124
	PCIExpress             Type = 125
	Aurora                 Type = 126
	IEEE802_11Radiotap     Type = 127 // 802.11 plus radiotap header
	TZSP                   Type = 128
	ArcnetLinux            Type = 129 // Linux ARCnet
	JuniperMLPPP           Type = 130 // Juniper Multi-Link PPP
	JuniperMLFR            Type = 131 // Juniper Multi-Link Frame Relay
	JuniperES              Type = 132 // Juniper Encryption Services PIC
	JuniperGGSN            Type = 133 // Juniper GGSN PIC
	JuniperMFR             Type = 134 // Juniper FRF.16 Frame Relay
	JuniperATM2            Type = 135 // Juniper ATM2 PIC
	JuniperServices        Type = 136 // Juniper Advanced Services PIC
	JuniperATM1            Type = 137 // Juniper ATM1 PIC
	AppleIPOverIEEE1394    Type = 138 // Apple IP-over-IEEE 1394
	MTP2WithPhdr           Type = 139 // SS7 MTP2 with Pseudo-header
	MTP2                   Type = 140 // SS7 MTP2
	MTP3                   Type = 141 // SS7 MTP3
	SCCP                   Type = 142 // SS7 SCCP
	DOCSIS                 Type = 143 // DOCSIS
	LinuxIrDA              Type = 144 // Linux IrDA
	IBMSP                  Type = 145
	IBMSN                  Type = 146
	User0                  Type = 147 // Private use 0
	User1                  Type = 148 // Private use 1
	User2                  Type = 149 // Private use 2
	User3                  Type = 150 // Private use 3
	User4                  Type = 151 // Private use 4
	User5                  Type = 152 // Private use 5
	User6                  Type = 153 // Private use 6
	User7                  Type = 154 // Private use 7
	User8                  Type = 155 // Private use 8
	User9                  Type = 156 // Private use 9
	User10                 Type = 157 // Private use 10
	User11                 Type = 158 // Private use 11
	User12                 Type = 159 // Private use 12
	User13                 Type = 160 // Private use 13
	User14                 Type = 161 // Private use 14
	User15                 Type = 162 // Private use 15
	IEEE802_11AVS          Type = 163 // 802.11 plus AVS radio information header
	JuniperMonitor         Type = 164 // Juniper Passive Monitor PIC
	BACnetMSTP             Type = 165 // BACnet MS/TP
	PPPPppd                Type = 166 // PPP for pppd, with direction flag
	JuniperPPPoE           Type = 167 // Juniper PPPoE
	JuniperPPPoEATM        Type = 168 // Juniper PPPoE/ATM
	GPRSLLC                Type = 169 // GPRS LLC
	GPFT                   Type = 170 // GPF-T
	GPFF                   Type = 171 // GPF-F
	GcomT1E1               Type = 172
	GcomSerial             Type = 173
	JuniperPICPeer         Type = 174 // Juniper PIC Peer
	ERFEth                 Type = 175 // Ethernet with Endace ERF header
	ERFPOS                 Type = 176 // Packet-over-SONET with Endace ERF header
	LinuxLAPD              Type = 177 // Linux vISDN LAPD
	JuniperEther           Type = 178 // Juniper Ethernet
	JuniperPPP             Type = 179 // Juniper PPP
	JuniperFrameRelay      Type = 180 // Juniper Frame Relay
	JuniperCHDLC           Type = 181 // Juniper C-HDLC
	MFR                    Type = 182 // FRF.16 Frame Relay
	JuniperVP              Type = 183 // Juniper Voice PIC
	Arinc429               Type = 184 // Arinc 429
	Arinc653ICM            Type = 185 // Arinc 653 Interpartition Communication
	USBFreeBSD             Type = 186 // USB with FreeBSD header
	BluetoothHCIH4         Type = 187 // Bluetooth HCI UART transport layer
	IEEE802_16MACCPS       Type = 188 // IEEE 802.16 MAC Common Part Sublayer
	USBLinux               Type = 189 // USB with Linux header
	CAN20B                 Type = 190 // Controller Area Network (CAN) v. 2.0B
	IEEE802_15_4Linux      Type = 191 // IEEE 802.15.4 with Linux padding
	PPI                    Type = 192 // Per-Packet Information
	IEEE802_16MACCPSRadio  Type = 193 // IEEE 802.16 MAC Common Part Sublayer plus radiotap header
	JuniperISM             Type = 194 // Juniper Integrated Service Module
	IEEE802_15_4WithFCS    Type = 195 // IEEE 802.15.4 with FCS
	SITA                   Type = 196 // SITA pseudo-header
	ERF                    Type = 197 // Endace ERF header
	RAIF1                  Type = 198 // Ethernet with u10 Networks pseudo-header
	IPMBKontron            Type = 199 // IPMB with Kontron pseudo-header
	JuniperST              Type = 200 // Juniper Secure Tunnel
	BluetoothHCIH4WithPhdr Type = 201 // Bluetooth HCI UART transport layer plus pseudo-header
	AX25KISS               Type = 202 // AX.25 with KISS header
	LAPD                   Type = 203
	PPPWithDir             Type = 204
	CHDLCWithDir           Type = 205
	FrameRelayWithDir      Type = 206
	LAPBWithDir            Type = 207
	I2CLinux               Type = 209 // I2C with Linux/Pigeon Point pseudo-header
	FlexRay                Type = 210
	MOST                   Type = 211
	LIN                    Type = 212
	X2ESerial              Type = 213
	X2EXoraya              Type = 214
	IEEE802_15_4NonASKPHY  Type = 215 // IEEE 802.15.4 with non-ASK PHY data
	LinuxEvdev             Type = 216 // Linux evdev events
	GSMTAPUm               Type = 217
	GSMTAPAbis             Type = 218
	MPLS                   Type = 219 // MPLS with label as link-layer header
	USBLinuxMmapped        Type = 220 // USB with padded Linux header
	DECT                   Type = 221 // DECT
	AOS                    Type = 222 // AOS Space Data Link protocol
	WirelessHART           Type = 223 // WirelessHART
	FC2                    Type = 224 // Fibre Channel FC-2
	FC2WithFrameDelims     Type = 225 // Fibre Channel FC-2 with frame delimiters
	IPNET                  Type = 226 // Solaris ipnet
	CANSocketCAN           Type = 227 // CAN-bus with SocketCAN headers
	IPv4                   Type = 228 // Raw IPv4
	IPv6                   Type = 229 // Raw IPv6
	IEEE802_15_4NoFCS      Type = 230 // IEEE 802.15.4 without FCS
	DBus                   Type = 231 // D-Bus
	JuniperVS              Type = 232 // Juniper Virtual Server
	JuniperSRXE2E          Type = 233 // Juniper SRX E2E
	JuniperFibreChannel    Type = 234 // Juniper Fibre Channel
	DVBCI                  Type = 235 // DVB-CI
	MUX27010               Type = 236 // MUX27010
	STANAG5066DPDU         Type = 237 // STANAG 5066 D_PDUs
	JuniperATMCEMIC        Type = 238 // Juniper ATM CEMIC
	NFLOG                  Type = 239 // Linux netfilter log messages
	NetAnalyzer            Type = 240 // Ethernet with Hilscher netANALYZER pseudo-header
	NetAnalyzerTransparent Type = 241 // Ethernet with Hilscher netANALYZER pseudo-header and with preamble and SFD
	IPoIB                  Type = 242 // RFC 4391 IP-over-InfiniBand
	MPEG2TS                Type = 243 // MPEG-2 transport stream
	NG40                   Type = 244 // ng40 protocol tester Iub/Iur
	NFCLLCP                Type = 245 // NFC LLCP PDUs with pseudo-header
	PFSync                 Type = 246 // Packet filter state syncing
	InfiniBand             Type = 247 // InfiniBand
	SCTP                   Type = 248 // SCTP
	USBPcap                Type = 249 // USB with USBPcap header
	RTACSerial             Type = 250 // Schweitzer Engineering Laboratories RTAC packets
	BluetoothLELL          Type = 251 // Bluetooth Low Energy air interface
	WiresharkUpperPDU      Type = 252
	Netlink                Type = 253 // Linux netlink
	BluetoothLinuxMonitor  Type = 254 // Bluetooth Linux Monitor
	BluetoothBREDRBB       Type = 255 // Bluetooth Basic Rate/Enhanced Data Rate baseband packets
	BluetoothLELLWithPhdr  Type = 256 // Bluetooth Low Energy air interface with pseudo-header
	ProfibusDL             Type = 257 // PROFIBUS data link layer
	PKTAP                  Type = 258 // Apple PKTAP
	EPON                   Type = 259 // Ethernet with 802.3 Clause 65 EPON preamble
	IPMIHPM2               Type = 260 // IPMI trace packets
	ZWaveR1R2              Type = 261 // Z-Wave RF profile R1 and R2 packets
	ZWaveR3                Type = 262 // Z-Wave RF profile R3 packets
	WattStopperDLM         Type = 263 // WattStopper Digital Lighting Management (DLM) and Legrand Nitoo Open protocol
	ISO14443               Type = 264 // ISO 14443 messages
	RDS                    Type = 265 // IEC 62106 Radio Data System groups
	USBDarwin              Type = 266 // USB with Darwin header
	OpenFlow               Type = 267 // OpenBSD OpenFlow
	SDLC                   Type = 268 // IBM SDLC frames
	TILLNSniffer           Type = 269 // TI LLN sniffer frames
	LoRaTap                Type = 270
	Vsock                  Type = 271 // Linux vsock
	NordicBLE              Type = 272 // Nordic Semiconductor Bluetooth LE sniffer frames
	DOCSIS31XRA31          Type = 273 // Excentis XRA-31 DOCSIS 3.1 RF sniffer frames
	EthernetMPacket        Type = 274 // 802.3br mPackets
	DisplayPortAUX         Type = 275 // DisplayPort AUX channel monitoring data
	LinuxSLL2              Type = 276 // Linux cooked v2
	SercosMonitor          Type = 277
	OpenVizsla             Type = 278 // OpenVizsla USB
	EBHSCR                 Type = 279 // Elektrobit High Speed Capture and Replay (EBHSCR)
	VPPDispatch            Type = 280 // VPP graph dispatch tracer
	DSATagBRCM             Type = 281 // Broadcom infix DSA tag
	DSATagBRCMPrepend      Type = 282 // Broadcom prefix DSA tag
	IEEE802_15_4TAP        Type = 283 // IEEE 802.15.4 with pseudo-header
	DSATagDSA              Type = 284 // Marvell infix 4-octet DSA tag
	DSATagEDSA             Type = 285 // Marvell infix 8-octet DSA tag
	ELEE                   Type = 286 // ELEE lawful intercept packets
	ZWaveSerial            Type = 287 // Z-Wave serial frames between host and chip
	USB2_0                 Type = 288 // USB 2.0/1.1/1.0 as transmitted over the cable
	ATSCALP                Type = 289 // ATSC Link-Layer Protocol packets
	ETW                    Type = 290 // Event Tracing for Windows messages
	NetAnalyzerNG          Type = 291 // Hilscher netANALYZER NG pseudo-footer
	ZBOSSNCP               Type = 292 // ZBOSS NCP protocol with pseudo-header
	USB2_0LowSpeed         Type = 293 // Low-Speed USB 2.0/1.1/1.0 as transmitted over the cable
	USB2_0FullSpeed        Type = 294 // Full-Speed USB 2.0/1.1/1.0 as transmitted over the cable
	USB2_0HighSpeed        Type = 295 // High-Speed USB 2.0 as transmitted over the cable
	AuerswaldLog           Type = 296 // Auerswald Logger Protocol
	ZWaveTAP               Type = 297 // Z-Wave packets with a TAP meta-data header
	SilabsDebugChannel     Type = 298 // Silicon Labs debug channel protocol
	FiRaUCI                Type = 299 // Ultra-wideband controller interface protocol
	MDB                    Type = 300 // Multi-Drop Bus
	DECTNR                 Type = 301 // DECT New Radio
	EDK2MM                 Type = 302 // EDK II MM request serialization protocol
	DebugOnly              Type = 303 // unstructured data for manual debugging only
	DECTNRTAP              Type = 304 // DECT-2020 New Radio TAP
)

// row is what is known of one link type.
type row struct {
	typ     Type
	name    string   // of the DLT_ constant, without the prefix
	desc    string   // as tcpdump -L prints it; empty where libpcap has none
	dlt     int      // number of the DLT_ constant on Linux where it is not typ, else 0
	aliases []string // other names of the same number: LINKTYPE_ and older DLT_ constants
}

// rows lists every link type that libpcap 1.11 gives a number, in that order.
// Sources: https://www.tcpdump.org/linktypes.html for numbers and LINKTYPE_
// names; pcap/dlt.h for DLT_ names and the numbers that differ; the table behind
// pcap_datalink_val_to_description(3PCAP) for descriptions.
var rows = [...]row{
	{typ: Null, name: "NULL", desc: "BSD loopback"},
	{typ: Ethernet, name: "EN10MB", desc: "Ethernet", aliases: []string{"ETHERNET"}},
	{typ: ExperimentalEthernet, name: "EN3MB", desc: "experimental Ethernet (3Mb/s)", aliases: []string{"EXP_ETHERNET"}},
	{typ: AX25, name: "AX25", desc: "AX.25 layer 2"},
	{typ: ProNET, name: "PRONET", desc: "Proteon ProNET Token Ring"},
	{typ: Chaos, name: "CHAOS", desc: "MIT Chaosnet"},
	{typ: TokenRing, name: "IEEE802", desc: "802.5 Token Ring", aliases: []string{"IEEE802_5"}},
	{typ: ArcnetBSD, name: "ARCNET", desc: "BSD ARCnet", aliases: []string{"ARCNET_BSD"}},
	{typ: SLIP, name: "SLIP", desc: "Serial Line IP"},
	{typ: PPP, name: "PPP", desc: "Point-to-Point Protocol"},
	{typ: FDDI, name: "FDDI", desc: "Fiber Distributed Data Interface"},
	{typ: RedbackSmartEdge, name: "REDBACK_SMARTEDGE", desc: "Redback SmartEdge 400/800"},
	{typ: PPPSerial, name: "PPP_SERIAL", desc: "Point-to-Point Protocol over serial", aliases: []string{"PPP_HDLC"}},
	{typ: PPPEther, name: "PPP_ETHER", desc: "PPPoE session packets"},
	{typ: SymantecFirewall, name: "SYMANTEC_FIREWALL", desc: "Symantec Firewall"},
	{typ: ATMRFC1483, name: "ATM_RFC1483", desc: "RFC 1483 LLC-encapsulated ATM", dlt: 11},
	{typ: Raw, name: "RAW", desc: "Raw IPv4/IPv6", dlt: 12},
	{typ: SLIPBSDOS, name: "SLIP_BSDOS", desc: "BSD/OS Serial Line IP", dlt: 15},
	{typ: PPPBSDOS, name: "PPP_BSDOS", desc: "BSD/OS Point-to-Point Protocol", dlt: 16},
	{typ: CHDLC, name: "C_HDLC", desc: "Cisco HDLC", aliases: []string{"CHDLC"}},
	{typ: IEEE802_11, name: "IEEE802_11", desc: "802.11"},
	{typ: ATMCLIP, name: "ATM_CLIP", desc: "Linux Classical IP over ATM", dlt: 19},
	{typ: FrameRelay, name: "FRELAY", desc: "Frame Relay"},
	{typ: Loop, name: "LOOP", desc: "OpenBSD loopback"},
	{typ: Enc, name: "ENC", desc: "OpenBSD encapsulated IP"},
	{typ: LANE8023, name: "LANE8023"},
	{typ: HIPPI, name: "HIPPI"},
	{typ: NetBSDHDLC, name: "HDLC", aliases: []string{"NETBSD_HDLC"}},
	{typ: LinuxSLL, name: "LINUX_SLL", desc: "Linux cooked v1"},
	{typ: LocalTalk, name: "LTALK", desc: "LocalTalk"},
	{typ: Econet, name: "ECONET"},
	{typ: IPFilter, name: "IPFILTER"},
	{typ: PFLog, name: "PFLOG", desc: "OpenBSD pflog file"},
	{typ: CiscoIOS, name: "CISCO_IOS"},
	{typ: IEEE802_11Prism, name: "PRISM_HEADER", desc: "802.11 plus Prism header", aliases: []string{"IEEE802_11_PRISM"}},
	{typ: IEEE802_11Aironet, name: "AIRONET_HEADER", aliases: []string{"IEEE802_11_AIRONET"}},
	{typ: HHDLC, name: "HHDLC"},
	{typ: IPOverFC, name: "IP_OVER_FC", desc: "RFC 2625 IP-over-Fibre Channel"},
	{typ: SunATM, name: "SUNATM", desc: "Sun raw ATM"},
	{typ: RIO, name: "RIO"},
	{typ: PCIExpress, name: "PCI_EXP"},
	{typ: Aurora, name: "AURORA"},
	{typ: IEEE802_11Radiotap, name: "IEEE802_11_RADIO", desc: "802.11 plus radiotap header", aliases: []string{"IEEE802_11_RADIOTAP"}},
	{typ: TZSP, name: "TZSP"},
	{typ: ArcnetLinux, name: "ARCNET_LINUX", desc: "Linux ARCnet"},
	{typ: JuniperMLPPP, name: "JUNIPER_MLPPP", desc: "Juniper Multi-Link PPP"},
	{typ: JuniperMLFR, name: "JUNIPER_MLFR", desc: "Juniper Multi-Link Frame Relay"},
	{typ: JuniperES, name: "JUNIPER_ES", desc: "Juniper Encryption Services PIC"},
	{typ: JuniperGGSN, name: "JUNIPER_GGSN", desc: "Juniper GGSN PIC"},
	{typ: JuniperMFR, name: "JUNIPER_MFR", desc: "Juniper FRF.16 Frame Relay"},
	{typ: JuniperATM2, name: "JUNIPER_ATM2", desc: "Juniper ATM2 PIC"},
	{typ: JuniperServices, name: "JUNIPER_SERVICES", desc: "Juniper Advanced Services PIC"},
	{typ: JuniperATM1, name: "JUNIPER_ATM1", desc: "Juniper ATM1 PIC"},
	{typ: AppleIPOverIEEE1394, name: "APPLE_IP_OVER_IEEE1394", desc: "Apple IP-over-IEEE 1394"},
	{typ: MTP2WithPhdr, name: "MTP2_WITH_PHDR", desc: "SS7 MTP2 with Pseudo-header"},
	{typ: MTP2, name: "MTP2", desc: "SS7 MTP2"},
	{typ: MTP3, name: "MTP3", desc: "SS7 MTP3"},
	{typ: SCCP, name: "SCCP", desc: "SS7 SCCP"},
	{typ: DOCSIS, name: "DOCSIS", desc: "DOCSIS"},
	{typ: LinuxIrDA, name: "LINUX_IRDA", desc: "Linux IrDA"},
	{typ: IBMSP, name: "IBM_SP"},
	{typ: IBMSN, name: "IBM_SN"},
	{typ: User0, name: "USER0", desc: "Private use 0"},
	{typ: User1, name: "USER1", desc: "Private use 1"},
	{typ: User2, name: "USER2", desc: "Private use 2"},
	{typ: User3, name: "USER3", desc: "Private use 3"},
	{typ: User4, name: "USER4", desc: "Private use 4"},
	{typ: User5, name: "USER5", desc: "Private use 5"},
	{typ: User6, name: "USER6", desc: "Private use 6"},
	{typ: User7, name: "USER7", desc: "Private use 7"},
	{typ: User8, name: "USER8", desc: "Private use 8"},
	{typ: User9, name: "USER9", desc: "Private use 9"},
	{typ: User10, name: "USER10", desc: "Private use 10"},
	{typ: User11, name: "USER11", desc: "Private use 11"},
	{typ: User12, name: "USER12", desc: "Private use 12"},
	{typ: User13, name: "USER13", desc: "Private use 13"},
	{typ: User14, name: "USER14", desc: "Private use 14"},
	{typ: User15, name: "USER15", desc: "Private use 15"},
	{typ: IEEE802_11AVS, name: "IEEE802_11_RADIO_AVS", desc: "802.11 plus AVS radio information header", aliases: []string{"IEEE802_11_AVS"}},
	{typ: JuniperMonitor, name: "JUNIPER_MONITOR", desc: "Juniper Passive Monitor PIC"},
	{typ: BACnetMSTP, name: "BACNET_MS_TP", desc: "BACnet MS/TP"},
	{typ: PPPPppd, name: "PPP_PPPD", desc: "PPP for pppd, with direction flag", aliases: []string{"PPP_WITH_DIRECTION", "LINUX_PPP_WITHDIRECTION"}},
	{typ: JuniperPPPoE, name: "JUNIPER_PPPOE", desc: "Juniper PPPoE"},
	{typ: JuniperPPPoEATM, name: "JUNIPER_PPPOE_ATM", desc: "Juniper PPPoE/ATM"},
	{typ: GPRSLLC, name: "GPRS_LLC", desc: "GPRS LLC"},
	{typ: GPFT, name: "GPF_T", desc: "GPF-T"},
	{typ: GPFF, name: "GPF_F", desc: "GPF-F"},
	{typ: GcomT1E1, name: "GCOM_T1E1"},
	{typ: GcomSerial, name: "GCOM_SERIAL"},
	{typ: JuniperPICPeer, name: "JUNIPER_PIC_PEER", desc: "Juniper PIC Peer"},
	{typ: ERFEth, name: "ERF_ETH", desc: "Ethernet with Endace ERF header"},
	{typ: ERFPOS, name: "ERF_POS", desc: "Packet-over-SONET with Endace ERF header"},
	{typ: LinuxLAPD, name: "LINUX_LAPD", desc: "Linux vISDN LAPD"},
	{typ: JuniperEther, name: "JUNIPER_ETHER", desc: "Juniper Ethernet"},
	{typ: JuniperPPP, name: "JUNIPER_PPP", desc: "Juniper PPP"},
	{typ: JuniperFrameRelay, name: "JUNIPER_FRELAY", desc: "Juniper Frame Relay"},
	{typ: JuniperCHDLC, name: "JUNIPER_CHDLC", desc: "Juniper C-HDLC"},
	{typ: MFR, name: "MFR", desc: "FRF.16 Frame Relay"},
	{typ: JuniperVP, name: "JUNIPER_VP", desc: "Juniper Voice PIC"},
	{typ: Arinc429, name: "A429", desc: "Arinc 429"},
	{typ: Arinc653ICM, name: "A653_ICM", desc: "Arinc 653 Interpartition Communication"},
	{typ: USBFreeBSD, name: "USB_FREEBSD", desc: "USB with FreeBSD header", aliases: []string{"USB"}},
	{typ: BluetoothHCIH4, name: "BLUETOOTH_HCI_H4", desc: "Bluetooth HCI UART transport layer"},
	{typ: IEEE802_16MACCPS, name: "IEEE802_16_MAC_CPS", desc: "IEEE 802.16 MAC Common Part Sublayer"},
	{typ: USBLinux, name: "USB_LINUX", desc: "USB with Linux header"},
	{typ: CAN20B, name: "CAN20B", desc: "Controller Area Network (CAN) v. 2.0B"},
	{typ: IEEE802_15_4Linux, name: "IEEE802_15_4_LINUX", desc: "IEEE 802.15.4 with Linux padding"},
	{typ: PPI, name: "PPI", desc: "Per-Packet Information"},
	{typ: IEEE802_16MACCPSRadio, name: "IEEE802_16_MAC_CPS_RADIO", desc: "IEEE 802.16 MAC Common Part Sublayer plus radiotap header"},
	{typ: JuniperISM, name: "JUNIPER_ISM", desc: "Juniper Integrated Service Module"},
	{typ: IEEE802_15_4WithFCS, name: "IEEE802_15_4", desc: "IEEE 802.15.4 with FCS", aliases: []string{"IEEE802_15_4_WITHFCS"}},
	{typ: SITA, name: "SITA", desc: "SITA pseudo-header"},
	{typ: ERF, name: "ERF", desc: "Endace ERF header"},
	{typ: RAIF1, name: "RAIF1", desc: "Ethernet with u10 Networks pseudo-header"},
	{typ: IPMBKontron, name: "IPMB_KONTRON", desc: "IPMB with Kontron pseudo-header"},
	{typ: JuniperST, name: "JUNIPER_ST", desc: "Juniper Secure Tunnel"},
	{typ: BluetoothHCIH4WithPhdr, name: "BLUETOOTH_HCI_H4_WITH_PHDR", desc: "Bluetooth HCI UART transport layer plus pseudo-header"},
	{typ: AX25KISS, name: "AX25_KISS", desc: "AX.25 with KISS header"},
	{typ: LAPD, name: "LAPD"},
	{typ: PPPWithDir, name: "PPP_WITH_DIR"},
	{typ: CHDLCWithDir, name: "C_HDLC_WITH_DIR"},
	{typ: FrameRelayWithDir, name: "FRELAY_WITH_DIR"},
	{typ: LAPBWithDir, name: "LAPB_WITH_DIR"},
	{typ: I2CLinux, name: "I2C_LINUX", desc: "I2C with Linux/Pigeon Point pseudo-header", aliases: []string{"IPMB_LINUX"}},
	{typ: FlexRay, name: "FLEXRAY"},
	{typ: MOST, name: "MOST"},
	{typ: LIN, name: "LIN"},
	{typ: X2ESerial, name: "X2E_SERIAL"},
	{typ: X2EXoraya, name: "X2E_XORAYA"},
	{typ: IEEE802_15_4NonASKPHY, name: "IEEE802_15_4_NONASK_PHY", desc: "IEEE 802.15.4 with non-ASK PHY data"},
	{typ: LinuxEvdev, name: "LINUX_EVDEV", desc: "Linux evdev events"},
	{typ: GSMTAPUm, name: "GSMTAP_UM"},
	{typ: GSMTAPAbis, name: "GSMTAP_ABIS"},
	{typ: MPLS, name: "MPLS", desc: "MPLS with label as link-layer header"},
	{typ: USBLinuxMmapped, name: "USB_LINUX_MMAPPED", desc: "USB with padded Linux header"},
	{typ: DECT, name: "DECT", desc: "DECT"},
	{typ: AOS, name: "AOS", desc: "AOS Space Data Link protocol"},
	{typ: WirelessHART, name: "WIHART", desc: "WirelessHART"},
	{typ: FC2, name: "FC_2", desc: "Fibre Channel FC-2"},
	{typ: FC2WithFrameDelims, name: "FC_2_WITH_FRAME_DELIMS", desc: "Fibre Channel FC-2 with frame delimiters"},
	{typ: IPNET, name: "IPNET", desc: "Solaris ipnet"},
	{typ: CANSocketCAN, name: "CAN_SOCKETCAN", desc: "CAN-bus with SocketCAN headers"},
	{typ: IPv4, name: "IPV4", desc: "Raw IPv4"},
	{typ: IPv6, name: "IPV6", desc: "Raw IPv6"},
	{typ: IEEE802_15_4NoFCS, name: "IEEE802_15_4_NOFCS", desc: "IEEE 802.15.4 without FCS"},
	{typ: DBus, name: "DBUS", desc: "D-Bus"},
	{typ: JuniperVS, name: "JUNIPER_VS", desc: "Juniper Virtual Server"},
	{typ: JuniperSRXE2E, name: "JUNIPER_SRX_E2E", desc: "Juniper SRX E2E"},
	{typ: JuniperFibreChannel, name: "JUNIPER_FIBRECHANNEL", desc: "Juniper Fibre Channel"},
	{typ: DVBCI, name: "DVB_CI", desc: "DVB-CI"},
	{typ: MUX27010, name: "MUX27010", desc: "MUX27010"},
	{typ: STANAG5066DPDU, name: "STANAG_5066_D_PDU", desc: "STANAG 5066 D_PDUs"},
	{typ: JuniperATMCEMIC, name: "JUNIPER_ATM_CEMIC", desc: "Juniper ATM CEMIC"},
	{typ: NFLOG, name: "NFLOG", desc: "Linux netfilter log messages"},
	{typ: NetAnalyzer, name: "NETANALYZER", desc: "Ethernet with Hilscher netANALYZER pseudo-header"},
	{typ: NetAnalyzerTransparent, name: "NETANALYZER_TRANSPARENT", desc: "Ethernet with Hilscher netANALYZER pseudo-header and with preamble and SFD"},
	{typ: IPoIB, name: "IPOIB", desc: "RFC 4391 IP-over-InfiniBand"},
	{typ: MPEG2TS, name: "MPEG_2_TS", desc: "MPEG-2 transport stream"},
	{typ: NG40, name: "NG40", desc: "ng40 protocol tester Iub/Iur"},
	{typ: NFCLLCP, name: "NFC_LLCP", desc: "NFC LLCP PDUs with pseudo-header"},
	{typ: PFSync, name: "PFSYNC", desc: "Packet filter state syncing"},
	{typ: InfiniBand, name: "INFINIBAND", desc: "InfiniBand"},
	{typ: SCTP, name: "SCTP", desc: "SCTP"},
	{typ: USBPcap, name: "USBPCAP", desc: "USB with USBPcap header"},
	{typ: RTACSerial, name: "RTAC_SERIAL", desc: "Schweitzer Engineering Laboratories RTAC packets"},
	{typ: BluetoothLELL, name: "BLUETOOTH_LE_LL", desc: "Bluetooth Low Energy air interface"},
	{typ: WiresharkUpperPDU, name: "WIRESHARK_UPPER_PDU"},
	{typ: Netlink, name: "NETLINK", desc: "Linux netlink"},
	{typ: BluetoothLinuxMonitor, name: "BLUETOOTH_LINUX_MONITOR", desc: "Bluetooth Linux Monitor"},
	{typ: BluetoothBREDRBB, name: "BLUETOOTH_BREDR_BB", desc: "Bluetooth Basic Rate/Enhanced Data Rate baseband packets"},
	{typ: BluetoothLELLWithPhdr, name: "BLUETOOTH_LE_LL_WITH_PHDR", desc: "Bluetooth Low Energy air interface with pseudo-header"},
	{typ: ProfibusDL, name: "PROFIBUS_DL", desc: "PROFIBUS data link layer"},
	{typ: PKTAP, name: "PKTAP", desc: "Apple PKTAP"},
	{typ: EPON, name: "EPON", desc: "Ethernet with 802.3 Clause 65 EPON preamble"},
	{typ: IPMIHPM2, name: "IPMI_HPM_2", desc: "IPMI trace packets"},
	{typ: ZWaveR1R2, name: "ZWAVE_R1_R2", desc: "Z-Wave RF profile R1 and R2 packets"},
	{typ: ZWaveR3, name: "ZWAVE_R3", desc: "Z-Wave RF profile R3 packets"},
	{typ: WattStopperDLM, name: "WATTSTOPPER_DLM", desc: "WattStopper Digital Lighting Management (DLM) and Legrand Nitoo Open protocol"},
	{typ: ISO14443, name: "ISO_14443", desc: "ISO 14443 messages"},
	{typ: RDS, name: "RDS", desc: "IEC 62106 Radio Data System groups"},
	{typ: USBDarwin, name: "USB_DARWIN", desc: "USB with Darwin header"},
	{typ: OpenFlow, name: "OPENFLOW", desc: "OpenBSD OpenFlow"},
	{typ: SDLC, name: "SDLC", desc: "IBM SDLC frames"},
	{typ: TILLNSniffer, name: "TI_LLN_SNIFFER", desc: "TI LLN sniffer frames"},
	{typ: LoRaTap, name: "LORATAP"},
	{typ: Vsock, name: "VSOCK", desc: "Linux vsock"},
	{typ: NordicBLE, name: "NORDIC_BLE", desc: "Nordic Semiconductor Bluetooth LE sniffer frames"},
	{typ: DOCSIS31XRA31, name: "DOCSIS31_XRA31", desc: "Excentis XRA-31 DOCSIS 3.1 RF sniffer frames"},
	{typ: EthernetMPacket, name: "ETHERNET_MPACKET", desc: "802.3br mPackets"},
	{typ: DisplayPortAUX, name: "DISPLAYPORT_AUX", desc: "DisplayPort AUX channel monitoring data"},
	{typ: LinuxSLL2, name: "LINUX_SLL2", desc: "Linux cooked v2"},
	{typ: SercosMonitor, name: "SERCOS_MONITOR"},
	{typ: OpenVizsla, name: "OPENVIZSLA", desc: "OpenVizsla USB"},
	{typ: EBHSCR, name: "EBHSCR", desc: "Elektrobit High Speed Capture and Replay (EBHSCR)"},
	{typ: VPPDispatch, name: "VPP_DISPATCH", desc: "VPP graph dispatch tracer"},
	{typ: DSATagBRCM, name: "DSA_TAG_BRCM", desc: "Broadcom infix DSA tag"},
	{typ: DSATagBRCMPrepend, name: "DSA_TAG_BRCM_PREPEND", desc: "Broadcom prefix DSA tag"},
	{typ: IEEE802_15_4TAP, name: "IEEE802_15_4_TAP", desc: "IEEE 802.15.4 with pseudo-header"},
	{typ: DSATagDSA, name: "DSA_TAG_DSA", desc: "Marvell infix 4-octet DSA tag"},
	{typ: DSATagEDSA, name: "DSA_TAG_EDSA", desc: "Marvell infix 8-octet DSA tag"},
	{typ: ELEE, name: "ELEE", desc: "ELEE lawful intercept packets"},
	{typ: ZWaveSerial, name: "Z_WAVE_SERIAL", desc: "Z-Wave serial frames between host and chip"},
	{typ: USB2_0, name: "USB_2_0", desc: "USB 2.0/1.1/1.0 as transmitted over the cable"},
	{typ: ATSCALP, name: "ATSC_ALP", desc: "ATSC Link-Layer Protocol packets"},
	{typ: ETW, name: "ETW", desc: "Event Tracing for Windows messages"},
	{typ: NetAnalyzerNG, name: "NETANALYZER_NG", desc: "Hilscher netANALYZER NG pseudo-footer"},
	{typ: ZBOSSNCP, name: "ZBOSS_NCP", desc: "ZBOSS NCP protocol with pseudo-header"},
	{typ: USB2_0LowSpeed, name: "USB_2_0_LOW_SPEED", desc: "Low-Speed USB 2.0/1.1/1.0 as transmitted over the cable"},
	{typ: USB2_0FullSpeed, name: "USB_2_0_FULL_SPEED", desc: "Full-Speed USB 2.0/1.1/1.0 as transmitted over the cable"},
	{typ: USB2_0HighSpeed, name: "USB_2_0_HIGH_SPEED", desc: "High-Speed USB 2.0 as transmitted over the cable"},
	{typ: AuerswaldLog, name: "AUERSWALD_LOG", desc: "Auerswald Logger Protocol"},
	{typ: ZWaveTAP, name: "ZWAVE_TAP", desc: "Z-Wave packets with a TAP meta-data header"},
	{typ: SilabsDebugChannel, name: "SILABS_DEBUG_CHANNEL", desc: "Silicon Labs debug channel protocol"},
	{typ: FiRaUCI, name: "FIRA_UCI", desc: "Ultra-wideband controller interface protocol"},
	{typ: MDB, name: "MDB", desc: "Multi-Drop Bus"},
	{typ: DECTNR, name: "DECT_NR", desc: "DECT New Radio"},
	{typ: EDK2MM, name: "EDK2_MM", desc: "EDK II MM request serialization protocol"},
	{typ: DebugOnly, name: "DEBUG_ONLY", desc: "unstructured data for manual debugging only"},
	{typ: DECTNRTAP, name: "DECT_NR_TAP", desc: "DECT-2020 New Radio TAP"},
}
