//! A WebSocket server and clients of it, which note what they say.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::HeaderValue;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{ClientRequestBuilder, Message, WebSocket, accept, accept_hdr, client};

/// A message as its sender handed it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The client's end of the connection.
    pub(crate) client: SocketAddr,
    pub(crate) from: &'static str,
    pub(crate) opcode: &'static str,
    pub(crate) payload: Vec<u8>,
    pub(crate) at: Instant,
}

impl Said {
    fn new(client: SocketAddr, from: &'static str, message: &Message) -> Option<Self> {
        let opcode = match message {
            Message::Text(_) => "text",
            Message::Binary(_) => "binary",
            Message::Ping(_) => "ping",
            Message::Pong(_) => "pong",
            Message::Close(_) | Message::Frame(_) => return None,
        };
        let payload = message.clone().into_data().to_vec();
        Some(Self { client, from, opcode, payload, at: Instant::now() })
    }
}

/// A server that says every text and binary message back, but for those that
/// begin with `-`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    said: Receiver<Said>,
    note: Sender<Said>,
}

impl Server {
    /// One that listens on a free port of `host`; `None` where there is no such
    /// address.
    pub(crate) fn start(host: IpAddr) -> Option<Self> {
        let listener = TcpListener::bind((host, 0)).ok()?;
        let address = listener.local_addr().unwrap();
        let (note, said) = channel();
        let notes = note.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let note = notes.clone();
                thread::spawn(move || serve(stream.unwrap(), &note));
            }
        });
        Some(Self { address, said, note })
    }

    /// The port, as an argument.
    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// Connects to it.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        let address = stream.local_addr().unwrap();
        let (socket, _) = client(format!("ws://{}/echo", self.address), stream).unwrap();
        Client { address, socket, note: self.note.clone() }
    }

    /// What was said by anybody, in turn.
    pub(crate) fn said(&self) -> Said {
        self.said.recv().unwrap()
    }
}

fn serve(stream: TcpStream, note: &Sender<Said>) {
    stream.set_nodelay(true).unwrap();
    let client = stream.peer_addr().unwrap();
    let mut socket = accept(stream).unwrap();
    while let Ok(message) = socket.read() {
        let is_data = matches!(message, Message::Text(_) | Message::Binary(_));
        if is_data && !message.clone().into_data().starts_with(b"-") {
            // Nobody listens any more when a test has what it wants.
            let _ = note.send(Said::new(client, "server", &message).unwrap());
            if socket.send(message).is_err() {
                return;
            }
        }
    }
}

/// The session that the README shows, on a free port.
pub(crate) fn take_orders() -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let shop = thread::spawn(move || {
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let choose = |_: &Request, mut response: Response| {
            let chosen = HeaderValue::from_static("orders.v1");
            response.headers_mut().insert("Sec-WebSocket-Protocol", chosen);
            Ok(response)
        };
        let mut socket = accept_hdr(listener.accept().unwrap().0, choose).unwrap();
        for order in [1, 2] {
            socket.read().unwrap();
            socket.send(format!(r#"{{"order": {order}, "state": "accepted"}}"#).into()).unwrap();
        }
        let reason = "not enough of them".into();
        socket.close(Some(CloseFrame { code: CloseCode::from(4001), reason })).unwrap();
        while socket.read().is_ok() {}
    });
    (address, shop)
}

/// Orders twice there.
pub(crate) fn order(address: SocketAddr) {
    let uri = format!("ws://{address}/orders?shop=7").parse().unwrap();
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("orders.v1");
    let (mut socket, _) = client(request, TcpStream::connect(address).unwrap()).unwrap();
    for order in [
        r#"{"order": 1, "item": "Käsespätzle", "pieces": 2}"#,
        r#"{"order": 2, "item": "tea", "pieces": 11}"#,
    ] {
        socket.send(order.into()).unwrap();
        socket.read().unwrap();
    }
    while socket.read().is_ok() {}
}

/// A client's end of a connection.
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    socket: WebSocket<TcpStream>,
    note: Sender<Said>,
}

impl Client {
    /// Says something, noted.
    pub(crate) fn say(&mut self, message: impl Into<Message>) {
        let message = message.into();
        self.note.send(Said::new(self.address, "client", &message).unwrap()).unwrap();
        self.socket.send(message).unwrap();
    }

    /// Says something that nobody notes.
    pub(crate) fn mutter(&mut self, message: impl Into<Message>) {
        self.socket.send(message.into()).unwrap();
    }

    /// Waits for the next message.
    pub(crate) fn hear(&mut self) -> Message {
        self.socket.read().unwrap()
    }

    /// Closes the connection, and waits until the server has.
    pub(crate) fn close(mut self) {
        self.socket.close(None).unwrap();
        while self.socket.read().is_ok() {}
    }
}
